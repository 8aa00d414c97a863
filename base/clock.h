// SPDX-License-Identifier: Apache-2.0
// Time as the program sees it: a steady clock for deadlines, a wall clock only for logs and certificates.
#pragma once

#include <chrono>

namespace gatehouse {

using Duration = std::chrono::nanoseconds;
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::system_clock::time_point;

/// Where a component gets its time from; tests inject their own.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime now() const = 0;
  virtual WallTime wall() const = 0;
};

/// The machine's clocks. Thread-safe; lives for the whole process.
const Clock& system_clock();

}  // namespace gatehouse
