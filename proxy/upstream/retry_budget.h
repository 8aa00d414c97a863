// SPDX-License-Identifier: Apache-2.0
// Keeps retries a small part of the requests, so that an outage is not multiplied (L12, GEP-3388).
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"
#include "config/ir/policy.h"
#include "proxy/upstream/circuit_breaker.h"

namespace gatehouse::proxy {

/// Counts over a sliding window of fixed slots. Thread: its worker, whose share of the free retries it gives;
/// the percentage is of this worker's own requests.
class RetryBudget {
 public:
  void set_limits(const ir::RetryBudget& limits, WorkerShare share);

  /// A request that is no retry.
  void request_began(MonoTime now) {
    if (enabled_) count(now);
  }
  /// Takes one retry out of the budget. Always true when there is none.
  bool take(MonoTime now);

 private:
  /// Numbers of the last kSlots slots of `width` each.
  class Window {
   public:
    void set_length(std::chrono::nanoseconds length) { width_ = std::max(length / kSlots, Duration(1)); }
    void add(MonoTime now);
    std::uint64_t sum(MonoTime now);

   private:
    static constexpr int kSlots = 10;
    void advance(MonoTime now);

    Duration width_{1};
    std::int64_t last_ = 0;  ///< number of the newest slot since the clock's epoch
    std::uint64_t sum_ = 0;
    std::array<std::uint32_t, kSlots> counts_{};
  };

  void count(MonoTime now) { requests_.add(now); }

  bool enabled_ = false;
  std::uint32_t percent_ = 0;
  std::uint32_t free_ = 0;  ///< retries per window of `recent_` that need no requests
  Window requests_;
  Window retries_;
  Window recent_;
};

}  // namespace gatehouse::proxy
