// SPDX-License-Identifier: Apache-2.0
// What a balancer knows of an endpoint: its number, and how much of its share it may have already.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace gatehouse::routing::balance {

/// Shares are out of this.
inline constexpr std::uint16_t kFullShare = 256;

/// One of those that may be picked now.
struct Candidate {
  std::uint32_t endpoint = 0;  ///< its place in the cluster's list
  std::uint16_t share = kFullShare;
};

/// Slow start: what an endpoint that has served for `age` gets of a full share; grows evenly from a tenth.
inline std::uint16_t slow_start_share(std::chrono::nanoseconds age, std::chrono::nanoseconds window) {
  constexpr std::int64_t kLeast = kFullShare / 10;
  if (age >= window) return kFullShare;
  const std::int64_t part = kFullShare * std::max<std::int64_t>(age.count(), 0) / window.count();
  return static_cast<std::uint16_t>(std::max(part, kLeast));
}

}  // namespace gatehouse::routing::balance
