// SPDX-License-Identifier: Apache-2.0
// Pauses between tries.
#include "controller/backoff.h"

#include <catch2/catch.hpp>

#include "tests/base/fake_clock.h"

namespace gatehouse::controller {

using namespace std::chrono_literals;

TEST_CASE("pauses double up to the longest, each with up to its own length on top") {
  FakeClock clock;
  Backoff backoff({}, clock, 7);
  Duration bare = 800ms;
  for (int i = 0; i < 10; ++i) {
    const auto pause = backoff.next();
    CHECK(pause >= bare);
    CHECK(pause < bare * 2);
    clock.advance(pause);
    bare = std::min<Duration>(bare * 2, 30s);
  }
}

TEST_CASE("a limit of its own makes pauses shorter, and later ones grow from there") {
  FakeClock clock;
  Backoff backoff({}, clock, 7);
  for (int i = 0; i < 10; ++i) CHECK(backoff.next({}, 5s) < 10s);
  const auto later = backoff.next();
  CHECK(later >= 10s);
  CHECK(later < 20s);
}

TEST_CASE("pauses of different seeds differ") {
  FakeClock clock;
  CHECK(Backoff({}, clock, 1).next() != Backoff({}, clock, 12345).next());
}

TEST_CASE("after two minutes without a failure pauses start small again, not before") {
  FakeClock clock;
  Backoff backoff({}, clock, 7);
  for (int i = 0; i < 10; ++i) backoff.next();
  clock.advance(30s + 1min);
  CHECK(backoff.next() >= 30s);
  clock.advance(30s + 2min);
  CHECK(backoff.next() < 1600ms);
}

TEST_CASE("a server's wish makes a pause longer, never shorter") {
  FakeClock clock;
  Backoff backoff({}, clock, 7);
  CHECK(backoff.next(20s) == 20s);
  CHECK(backoff.next(1ms) >= 1600ms);
}

}  // namespace gatehouse::controller
