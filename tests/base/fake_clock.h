// SPDX-License-Identifier: Apache-2.0
// A clock that stands still until a test moves it.
#pragma once

#include "base/clock.h"

namespace gatehouse {

class FakeClock final : public Clock {
 public:
  MonoTime now() const override { return now_; }
  WallTime wall() const override { return wall_; }
  void advance(Duration by) { now_ += by; }
  void jump_wall(Duration by) { wall_ += std::chrono::duration_cast<WallTime::duration>(by); }

 private:
  MonoTime now_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::hours(24 * 365 * 30)};
};

}  // namespace gatehouse
