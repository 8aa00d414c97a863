// SPDX-License-Identifier: Apache-2.0
// Doubling, with jitter.
#include "controller/backoff.h"

#include <algorithm>

namespace gatehouse::controller {

Backoff::Backoff(BackoffTimes times, const Clock& clock, std::uint64_t seed)
    : times_(times), clock_(clock), state_(seed | 1) {}

Duration Backoff::next(std::optional<Duration> wished, Duration longest) {
  const auto now = clock_.now();
  const bool starts_anew = pause_ == Duration::zero() || now - last_failure_ - pause_ >= times_.healthy_after;
  pause_ = starts_anew ? times_.first : std::min(pause_ * 2, longest);
  last_failure_ = now;
  const auto jittered = pause_ + std::chrono::duration_cast<Duration>(pause_ * dice());
  return std::max(jittered, wished.value_or(Duration::zero()));
}

/// xorshift64*, in [0, 1).
double Backoff::dice() {
  state_ ^= state_ >> 12;
  state_ ^= state_ << 25;
  state_ ^= state_ >> 27;
  return static_cast<double>((state_ * 0x2545F4914F6CDD1DULL) >> 11) / static_cast<double>(1ULL << 53);
}

}  // namespace gatehouse::controller
