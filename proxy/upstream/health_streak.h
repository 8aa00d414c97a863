// SPDX-License-Identifier: Apache-2.0
// From single active checks of an endpoint to its verdict.
#pragma once

#include <cstdint>

#include "config/ir/policy.h"

namespace gatehouse::proxy {

/// Only an unbroken row of checks that contradict the verdict, as long as its threshold, turns it.
class HealthStreak {
 public:
  explicit HealthStreak(bool healthy) : healthy_(healthy) {}

  bool is_healthy() const { return healthy_; }
  /// True when the verdict changes.
  bool record(bool passed, const ir::ActiveHealthCheck& check) {
    contradictions_ = passed == healthy_ ? 0 : contradictions_ + 1;
    if (contradictions_ == 0) return false;
    if (contradictions_ < (healthy_ ? check.unhealthy_threshold : check.healthy_threshold)) return false;
    healthy_ = !healthy_;
    contradictions_ = 0;
    return true;
  }

 private:
  bool healthy_;
  std::uint32_t contradictions_ = 0;  ///< in a row
};

}  // namespace gatehouse::proxy
