// SPDX-License-Identifier: Apache-2.0
// So many at once, so many per second after that.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace gatehouse::controller {

/// Full at first. Thread: one.
class TokenBucket {
 public:
  struct Size {
    double burst;
    Duration per_token;
  };

  TokenBucket(Size size, MonoTime now) : size_(size), tokens_(size.burst), at_(now) {}

  /// How long until there is one; zero: now.
  Duration wait(MonoTime now) const {
    const double missing = (1 - tokens_at(now)) * static_cast<double>(size_.per_token.count());
    return missing <= 0 ? Duration::zero() : Duration(static_cast<Duration::rep>(missing) + 1);
  }

  bool take(MonoTime now) {
    if (wait(now) > Duration::zero()) return false;
    tokens_ = tokens_at(now) - 1;
    at_ = now;
    return true;
  }

  bool is_full(MonoTime now) const { return tokens_at(now) >= size_.burst; }

 private:
  double tokens_at(MonoTime now) const {
    const auto passed = static_cast<double>((now - at_).count());
    return std::min(size_.burst, tokens_ + passed / static_cast<double>(size_.per_token.count()));
  }

  Size size_;
  double tokens_;
  MonoTime at_;
};

}  // namespace gatehouse::controller
