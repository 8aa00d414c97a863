// SPDX-License-Identifier: Apache-2.0
// How long to wait before something that failed is tried again.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace gatehouse::controller {

struct BackoffTimes {
  Duration first = std::chrono::milliseconds(800);
  Duration longest = std::chrono::seconds(30);
  Duration healthy_after = std::chrono::minutes(2);  ///< without a failure: it starts small again
};

/// Doubles, each wait lengthened by a random part of up to itself, so that many who failed at once do not
/// come back at once. Thread: one.
class Backoff {
 public:
  Backoff(BackoffTimes times, const Clock& clock, std::uint64_t seed);

  /// After a failure: the wait before the next try. A server's own wish is a lower limit.
  Duration next(std::optional<Duration> wished = std::nullopt) { return next(wished, times_.longest); }
  /// With a limit other than the usual one, this time.
  Duration next(std::optional<Duration> wished, Duration longest);

 private:
  double dice();

  const BackoffTimes times_;
  const Clock& clock_;
  std::uint64_t state_;
  Duration pause_{};
  MonoTime last_failure_{};
};

}  // namespace gatehouse::controller
