// SPDX-License-Identifier: Apache-2.0
// Uniform numbers for balancers: fast, seeded, not secret.
#pragma once

#include <cstdint>

namespace gatehouse::routing::balance {

/// splitmix64. One per user; tests give the seed.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// 0 ... bound - 1; `bound` is not 0.
  std::uint32_t below(std::uint32_t bound) { return scale(static_cast<std::uint32_t>(next() >> 32), bound); }

  /// Two numbers out of one throw.
  struct Pair {
    std::uint32_t first;
    std::uint32_t second;
  };
  /// Different ones; `bound` is at least 2.
  Pair two_below(std::uint32_t bound) {
    const std::uint64_t bits = next();
    const std::uint32_t first = scale(static_cast<std::uint32_t>(bits >> 32), bound);
    const std::uint32_t other = scale(static_cast<std::uint32_t>(bits), bound - 1);
    return {first, other + (other >= first ? 1 : 0)};
  }

 private:
  static std::uint32_t scale(std::uint32_t bits, std::uint32_t bound) {
    return static_cast<std::uint32_t>(std::uint64_t{bits} * bound >> 32);
  }

  std::uint64_t state_;
};

}  // namespace gatehouse::routing::balance
