// SPDX-License-Identifier: Apache-2.0
// The timer wheel: never early, at most a tick late, whatever the distance and whoever arms it.
#include "base/io/timer_wheel.h"

#include <catch2/catch.hpp>

#include <functional>
#include <random>
#include <vector>

namespace gatehouse::io {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const MonoTime kStart{hours(5)};

struct Probe : Timer {
  Probe() : Timer(&Probe::on_fire) {}
  static void on_fire(Timer& self) {
    auto& probe = static_cast<Probe&>(self);
    ++probe.fired;
    if (probe.then) probe.then();
  }
  int fired = 0;
  std::function<void()> then;
};

/// Moves on as the event loop does: sleeps as long as the wheel says, then advances. Returns the time at
/// which `probe` fired.
MonoTime sleep_until_fired(TimerWheel& wheel, MonoTime now, const Probe& probe) {
  for (int turns = 0; probe.fired == 0 && turns < 100'000; ++turns) {
    const auto next = wheel.time_to_next(now);
    if (!next) break;
    now += *next;
    wheel.advance(now);
  }
  return now;
}

TEST_CASE("a timer never fires early and at most two ticks late") {
  const auto distance =
      milliseconds(GENERATE(0, 1, 9, 10, 11, 25, 999, 2549, 2550, 2560, 2561, 2570, 10'000));
  const auto offset = milliseconds(GENERATE(0, 3, 2540, 2550, 2559, 2560));
  TimerWheel wheel(kStart);
  MonoTime now = kStart + offset;
  wheel.advance(now);
  Probe probe;
  wheel.arm(probe, now + distance);
  const MonoTime fired_at = sleep_until_fired(wheel, now, probe);
  REQUIRE(probe.fired == 1);
  CHECK(fired_at >= now + distance);
  CHECK(fired_at <= now + distance + 2 * TimerWheel::kTick);
}

TEST_CASE("timers at every level of the wheel fire on time when the loop sleeps as told") {
  const auto distance = GENERATE(Duration(seconds(3)), Duration(seconds(600)), Duration(hours(1)),
                                 Duration(hours(24 * 3)), Duration(hours(24 * 30)));
  TimerWheel wheel(kStart);
  MonoTime now = kStart + milliseconds(1234);
  wheel.advance(now);
  Probe probe;
  const MonoTime deadline = now + distance;
  wheel.arm(probe, deadline);
  wheel.advance(deadline - TimerWheel::kTick);
  CHECK(probe.fired == 0);
  wheel.advance(deadline + TimerWheel::kTick);
  CHECK(probe.fired == 1);
}

TEST_CASE("a sleep that ends where a level wraps does not sleep past what waits in the next level") {
  TimerWheel wheel(kStart);
  wheel.advance(kStart);
  Probe probe;
  const MonoTime deadline = kStart + milliseconds(3000);  // second turn of the lowest level
  wheel.arm(probe, deadline);
  const MonoTime wrap = kStart + TimerWheel::kTick * 255;  // the last tick of the first turn
  wheel.advance(wrap);
  const auto next = wheel.time_to_next(wrap);
  REQUIRE(next);
  CHECK(wrap + *next <= deadline + 2 * TimerWheel::kTick);
}

TEST_CASE("a cancelled timer does not fire and leaves the wheel empty") {
  TimerWheel wheel(kStart);
  Probe near;
  Probe far;
  wheel.arm(near, kStart + milliseconds(50));
  wheel.arm(far, kStart + hours(2));
  near.cancel();
  far.cancel();
  CHECK(wheel.armed_count() == 0);
  CHECK_FALSE(wheel.time_to_next(kStart));
  wheel.advance(kStart + hours(3));
  CHECK(near.fired + far.fired == 0);
}

TEST_CASE("a destroyed timer leaves the wheel") {
  TimerWheel wheel(kStart);
  {
    Probe probe;
    wheel.arm(probe, kStart + milliseconds(50));
  }
  CHECK(wheel.armed_count() == 0);
  wheel.advance(kStart + seconds(1));
}

TEST_CASE("arming again moves the deadline") {
  TimerWheel wheel(kStart);
  Probe probe;
  wheel.arm(probe, kStart + milliseconds(50));
  wheel.arm(probe, kStart + milliseconds(500));
  CHECK(wheel.armed_count() == 1);
  wheel.advance(kStart + milliseconds(400));
  CHECK(probe.fired == 0);
  wheel.advance(kStart + milliseconds(520));
  CHECK(probe.fired == 1);
}

TEST_CASE("a timer armed again while it fires waits its full time, whatever the distance") {
  const int ticks = GENERATE(0, 1, 2, 254, 255, 256, 257, 511, 512, 65'535, 65'536);
  TimerWheel wheel(kStart);
  Probe probe;
  MonoTime now = kStart + milliseconds(70);
  wheel.arm(probe, now);
  MonoTime due{};
  probe.then = [&] {
    if (probe.fired > 1) return;
    due = now + TimerWheel::kTick * ticks;
    wheel.arm(probe, due);
  };
  now += TimerWheel::kTick;
  wheel.advance(now);
  REQUIRE(probe.fired == 1);
  wheel.advance(due);
  CHECK(probe.fired == 1);
  wheel.advance(due + TimerWheel::kTick);
  CHECK(probe.fired == 2);
}

TEST_CASE("a firing timer may cancel another one of the same tick") {
  TimerWheel wheel(kStart);
  Probe first;
  Probe second;
  wheel.arm(first, kStart + milliseconds(50));
  wheel.arm(second, kStart + milliseconds(50));
  first.then = [&] { second.cancel(); };
  wheel.advance(kStart + milliseconds(100));
  CHECK(first.fired == 1);
  CHECK(second.fired == 0);
  CHECK(wheel.armed_count() == 0);
}

TEST_CASE("a deadline in the past fires with the next tick") {
  TimerWheel wheel(kStart);
  wheel.advance(kStart + seconds(10));
  Probe probe;
  wheel.arm(probe, kStart);
  wheel.advance(kStart + seconds(10) + TimerWheel::kTick);
  CHECK(probe.fired == 1);
}

TEST_CASE("a thousand timers armed at odd times all fire within their tick") {
  std::mt19937 dice(7);
  TimerWheel wheel(kStart);
  MonoTime now = kStart;
  struct Entry {
    Probe probe;
    MonoTime deadline;
  };
  std::vector<std::unique_ptr<Entry>> entries;
  std::uniform_int_distribution<int> distance(0, 9'000);
  int wrong = 0;
  while (entries.size() < 1000 || wheel.armed_count() != 0) {
    if (entries.size() < 1000) {
      entries.push_back(std::make_unique<Entry>());
      Entry& entry = *entries.back();
      entry.deadline = now + milliseconds(distance(dice));
      entry.probe.then = [&entry, &now, &wrong] {
        if (now < entry.deadline || now > entry.deadline + 2 * TimerWheel::kTick) ++wrong;
      };
      wheel.arm(entry.probe, entry.deadline);
    }
    const auto next = wheel.time_to_next(now);
    REQUIRE(next);
    // Sometimes something else wakes the loop before.
    now += dice() % 3 == 0 ? std::min<Duration>(*next, milliseconds(7)) : *next;
    wheel.advance(now);
  }
  CHECK(wrong == 0);
  for (const auto& entry : entries) REQUIRE(entry->probe.fired == 1);
}

TEST_CASE("an empty wheel lets the loop sleep and catches up with the time that passed") {
  TimerWheel wheel(kStart);
  CHECK_FALSE(wheel.time_to_next(kStart));
  const MonoTime later = kStart + hours(24 * 400);
  wheel.advance(later);
  Probe probe;
  wheel.arm(probe, later + milliseconds(30));
  const auto next = wheel.time_to_next(later);
  REQUIRE(next);
  CHECK(*next <= milliseconds(50));
  wheel.advance(later + milliseconds(50));
  CHECK(probe.fired == 1);
}

}  // namespace
}  // namespace gatehouse::io
