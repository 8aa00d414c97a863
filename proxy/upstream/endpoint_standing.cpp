// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/endpoint_standing.h"

#include <algorithm>
#include <bit>

namespace gatehouse::proxy {
namespace {

/// An endpoint that breaks every other connection never fails three times in a row.
constexpr int kScatteredPerConsecutive = 2;
constexpr std::uint8_t kMostDoublings = 16;

bool reaches(std::uint32_t count, std::uint32_t limit) {
  return limit != 0 && count >= limit;
}

}  // namespace

EndpointStanding::Verdict EndpointStanding::record(UpstreamOutcome outcome, MonoTime now,
                                                   const ir::PassiveHealth& limits) {
  if (outcome.kind == UpstreamOutcome::Kind::answered) return record_answer(outcome.status, limits);
  return record_local_failure(outcome.kind, now, limits);
}

EndpointStanding::Verdict EndpointStanding::record_answer(std::uint16_t status,
                                                          const ir::PassiveHealth& limits) {
  history_ = static_cast<std::uint16_t>(history_ << 1);
  local_failures_ = 0;
  const bool gateway_error = status >= 502 && status <= 504;
  errors_5xx_ = status >= 500 ? errors_5xx_ + 1 : 0;
  gateway_errors_ = gateway_error ? gateway_errors_ + 1 : 0;
  const bool failing = reaches(errors_5xx_, limits.consecutive_5xx) ||
                       reaches(gateway_errors_, limits.consecutive_gateway_errors);
  if (state_ == State::in_service) return failing ? Verdict::failing : Verdict::nothing;
  // One answer ends an ejection, unless it is of the kind that led to it.
  const bool as_before = (status >= 500 && limits.consecutive_5xx != 0) ||
                         (gateway_error && limits.consecutive_gateway_errors != 0);
  if (as_before) return state_ == State::ejected ? Verdict::nothing : Verdict::failing;
  state_ = State::in_service;
  clear_counts();
  return Verdict::restored;
}

EndpointStanding::Verdict EndpointStanding::record_local_failure(UpstreamOutcome::Kind kind, MonoTime now,
                                                                 const ir::PassiveHealth& limits) {
  history_ = static_cast<std::uint16_t>(history_ << 1 | 1);
  ++local_failures_;
  const std::uint32_t limit = limits.consecutive_local_failures;
  if (state_ == State::ejected || limit == 0) {
    forget_probe();
    return Verdict::nothing;
  }
  const auto scattered = static_cast<std::uint32_t>(std::popcount(history_));
  const bool failing = state_ != State::in_service || is_on_probation(now) || local_failures_ >= limit ||
                       scattered >= limit * kScatteredPerConsecutive;
  if (!failing) return Verdict::nothing;
  return kind == UpstreamOutcome::Kind::refused ? Verdict::unreachable : Verdict::failing;
}

void EndpointStanding::eject(MonoTime now, const ir::PassiveHealth& limits) {
  if (!is_ejected() && !is_on_probation(now)) ejections_ = 0;
  last_ejection_ = std::min<Duration>(limits.base_ejection * (1ll << std::min(ejections_, kMostDoublings)),
                                      limits.max_ejection);
  until_ = now + last_ejection_;
  if (ejections_ < kMostDoublings) ++ejections_;
  state_ = State::ejected;
  clear_counts();
}

void EndpointStanding::clear_counts() {
  history_ = 0;
  errors_5xx_ = gateway_errors_ = local_failures_ = 0;
}

}  // namespace gatehouse::proxy
