// SPDX-License-Identifier: Apache-2.0
// Passive health of one endpoint on one worker: what requests met there, and whether it is ejected for it.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "config/ir/policy.h"
#include "proxy/upstream/pick_request.h"

namespace gatehouse::proxy {

/// in_service -> ejected (for a time that doubles) -> half_open -> probing (one request is on its way) ->
/// in_service or ejected. Decides nothing about others: whether an ejection is allowed is the EndpointSet's
/// business. Every worker keeps its own, so nothing is shared and nothing is locked; N workers need N times
/// the failures. Thread: its worker.
class EndpointStanding {
 public:
  enum class State : std::uint8_t { in_service, ejected, half_open, probing };
  enum class Verdict : std::uint8_t {
    nothing,      ///< stays as it is
    unreachable,  ///< should be ejected: it cannot be connected to
    failing,      ///< should be ejected: it answers, but badly
    restored,     ///< back in service
  };

  /// Nothing is held against it: one more good answer changes nothing.
  bool is_clean() const {
    return state_ == State::in_service && history_ == 0 && errors_5xx_ == 0 && local_failures_ == 0;
  }
  State state() const { return state_; }
  bool is_pickable() const { return state_ == State::in_service || state_ == State::half_open; }
  bool is_ejected() const { return state_ != State::in_service; }
  MonoTime ejected_until() const { return until_; }

  /// Counts the end of one try.
  Verdict record(UpstreamOutcome outcome, MonoTime now, const ir::PassiveHealth& limits);
  void eject(MonoTime now, const ir::PassiveHealth& limits);
  /// The time is over: the next request shows whether it is well again.
  void open_half() { state_ = State::half_open; }
  void begin_probe() { state_ = State::probing; }
  /// A probe ended without saying anything about the endpoint.
  void forget_probe() {
    if (state_ == State::probing) state_ = State::half_open;
  }
  /// A failure of the last ejection's own length ago still counts against it.
  bool is_on_probation(MonoTime now) const { return ejections_ != 0 && now < until_ + last_ejection_; }

 private:
  Verdict record_answer(std::uint16_t status, const ir::PassiveHealth& limits);
  Verdict record_local_failure(UpstreamOutcome::Kind kind, MonoTime now, const ir::PassiveHealth& limits);
  void clear_counts();

  State state_ = State::in_service;
  std::uint8_t ejections_ = 0;        ///< in a row
  std::uint16_t history_ = 0;         ///< of the last tries, newest lowest: 1 = local failure
  std::uint32_t errors_5xx_ = 0;      ///< in a row
  std::uint32_t gateway_errors_ = 0;  ///< in a row
  std::uint32_t local_failures_ = 0;  ///< in a row
  MonoTime until_{};
  Duration last_ejection_{};
};

}  // namespace gatehouse::proxy
