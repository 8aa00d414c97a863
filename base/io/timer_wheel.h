// SPDX-License-Identifier: Apache-2.0
// Timers of one event loop: a hierarchical wheel with 10 ms ticks; arming and cancelling cost a list
// operation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace gatehouse::io {

/// One timer, embedded in its owner, which must outlive its membership in a wheel or cancel it.
/// `fire` is called once, on the loop's thread, after the timer left the wheel.
struct Timer {
  using Fire = void (*)(Timer&);

  explicit Timer(Fire on_fire) : fire(on_fire) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  bool armed() const { return next != nullptr; }
  inline void cancel();

  Timer* prev = nullptr;
  Timer* next = nullptr;
  class TimerWheel* wheel = nullptr;
  std::uint64_t tick = 0;
  Fire fire;
};

/// Thread: the owning loop's. A deadline is rounded up to the next tick, so a timer never fires early.
class TimerWheel {
 public:
  static constexpr auto kTick = std::chrono::milliseconds(10);

  explicit TimerWheel(MonoTime start);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// Re-arms when already armed.
  void arm(Timer& timer, MonoTime deadline);
  void cancel(Timer& timer);

  /// Fires everything due at `now`.
  void advance(MonoTime now);

  /// How long the loop may sleep; nullopt when no timer is armed.
  std::optional<Duration> time_to_next(MonoTime now) const;

  std::size_t armed_count() const { return count_; }

 private:
  static constexpr unsigned kBits = 8;
  static constexpr unsigned kSlots = 1u << kBits;
  static constexpr unsigned kLevels = 4;  // 2^32 ticks: over a year

  struct Slot : Timer {
    Slot() : Timer(nullptr) { prev = next = this; }
    ~Slot() { prev = next = nullptr; }
  };

  std::uint64_t tick_of(MonoTime time) const;
  void insert(Timer& timer);
  void fire_slot(Slot& from);
  void cascade(unsigned level);
  Slot& slot(unsigned level, std::uint64_t tick) {
    return slots_[level][(tick >> (level * kBits)) & (kSlots - 1)];
  }

  MonoTime start_;
  std::uint64_t current_ = 0;  ///< the next tick to process
  std::size_t count_ = 0;
  std::array<std::array<Slot, kSlots>, kLevels> slots_;
};

inline void Timer::cancel() {
  if (wheel && armed()) wheel->cancel(*this);
}

}  // namespace gatehouse::io
