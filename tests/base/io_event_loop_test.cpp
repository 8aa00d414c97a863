// SPDX-License-Identifier: Apache-2.0
// One turn of the event loop: order of events, timers, ready waiters and posted functions.
#include "base/io/event_loop.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "base/io/task.h"
#include "base/io/yield.h"
#include "tests/base/fake_clock.h"

namespace gatehouse::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::unique_ptr<EventLoop> make_loop(const Clock& clock = system_clock()) {
  auto loop = EventLoop::create(clock);
  REQUIRE(loop.has_value());
  return std::move(*loop);
}

struct SocketPair {
  SocketPair() {
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
  }
  ~SocketPair() {
    for (const int fd : fds)
      if (fd >= 0) close(fd);
  }
  std::array<int, 2> fds{};
};

struct Sink final : EventSink {
  void on_events(std::uint32_t events) override {
    seen |= events;
    ++calls;
    if (then) then();
  }
  std::uint32_t seen = 0;
  int calls = 0;
  std::function<void()> then;
};

struct Mark : Waiter {
  Mark(std::string text, std::string& to) : Waiter(&Mark::on_run), name(std::move(text)), log(to) {}
  static void on_run(Waiter& self) {
    auto& mark = static_cast<Mark&>(self);
    mark.log += mark.name;
    if (mark.then) mark.then();
  }
  std::string name;
  std::string& log;
  std::function<void()> then;
};

TEST_CASE("a posted function runs on the loop's thread and wakes its sleep") {
  const auto loop = make_loop();
  std::thread::id ran_on;
  std::thread other([&] {
    loop->post([&] {
      ran_on = std::this_thread::get_id();
      loop->stop();
    });
  });
  loop->run();
  other.join();
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("functions posted by several threads all run, each thread's in order") {
  const auto loop = make_loop();
  constexpr int kEach = 1000;
  std::array<std::vector<int>, 3> seen;
  std::vector<std::thread> threads;
  for (auto& list : seen)
    threads.emplace_back([&loop, &list] {
      for (int i = 0; i < kEach; ++i) loop->post([&list, i] { list.push_back(i); });
    });
  const auto all = [&] { return seen[0].size() + seen[1].size() + seen[2].size(); };
  for (int turns = 0; all() < 3 * kEach && turns < 100'000; ++turns) loop->turn(seconds(5));
  for (auto& thread : threads) thread.join();
  for (const auto& list : seen) {
    REQUIRE(list.size() == kEach);
    CHECK(std::is_sorted(list.begin(), list.end()));
  }
}

TEST_CASE("a function posted while posted functions run waits for the next turn") {
  const auto loop = make_loop();
  int runs = 0;
  loop->post([&] {
    ++runs;
    loop->post([&] { ++runs; });
  });
  loop->turn(seconds(5));
  CHECK(runs == 1);
  loop->turn(seconds(5));
  CHECK(runs == 2);
}

TEST_CASE("stop ends a loop that sleeps") {
  const auto loop = make_loop();
  std::thread other([&] { loop->stop(); });
  loop->run();
  other.join();
  CHECK(loop->is_stopping());
}

TEST_CASE("readiness is reported once per edge") {
  const auto loop = make_loop();
  SocketPair pair;
  Sink sink;
  REQUIRE(loop->add(pair.fds[0], sink));
  loop->turn(Duration::zero());
  CHECK((sink.seen & EPOLLOUT) != 0);
  const int before = sink.calls;
  loop->turn(Duration::zero());
  CHECK(sink.calls == before);
  REQUIRE(write(pair.fds[1], "x", 1) == 1);
  loop->turn(seconds(5));
  CHECK(sink.calls == before + 1);
  CHECK((sink.seen & EPOLLIN) != 0);
}

TEST_CASE("events of a sink that was removed earlier in the turn are dropped") {
  const auto loop = make_loop();
  SocketPair first;
  SocketPair second;
  Sink a;
  Sink b;
  // Whoever comes first removes the other: exactly one of the two may be told.
  a.then = [&] { loop->remove(second.fds[0], b); };
  b.then = [&] { loop->remove(first.fds[0], a); };
  REQUIRE(loop->add(first.fds[0], a));
  REQUIRE(loop->add(second.fds[0], b));
  loop->turn(Duration::zero());
  CHECK(a.calls + b.calls == 1);
}

TEST_CASE("a descriptor that cannot be watched is refused") {
  const auto loop = make_loop();
  Sink sink;
  CHECK_FALSE(loop->add(-1, sink));
}

TEST_CASE("what became ready runs in order, after events and timers of the turn") {
  FakeClock clock;
  const auto loop = make_loop(clock);
  std::string log;
  Mark one("1", log);
  Mark two("2", log);
  struct Tick : Timer {
    explicit Tick(std::string& to)
        : Timer([](Timer& self) { static_cast<Tick&>(self).log += "t"; }), log(to) {}
    std::string& log;
  } tick(log);
  SocketPair pair;
  Sink sink;
  sink.then = [&] { log += "e"; };
  REQUIRE(loop->add(pair.fds[0], sink));
  loop->make_ready(one, Wake::ready);
  loop->make_ready(two, Wake::ready);
  loop->timers().arm(tick, clock.now() + milliseconds(10));
  clock.advance(milliseconds(30));
  loop->turn(Duration::zero());
  CHECK(log == "et12");
}

TEST_CASE("a waiter that makes itself ready again lets the loop look for events first") {
  const auto loop = make_loop();
  std::string log;
  Mark again("w", log);
  int left = 2;
  again.then = [&] {
    if (--left > 0) loop->make_ready(again, Wake::ready);
  };
  SocketPair pair;
  Sink sink;
  sink.then = [&] { log += "e"; };
  REQUIRE(loop->add(pair.fds[0], sink));
  loop->turn(Duration::zero());
  log.clear();
  loop->make_ready(again, Wake::ready);
  REQUIRE(write(pair.fds[1], "x", 1) == 1);
  loop->turn(Duration::zero());
  loop->turn(Duration::zero());
  CHECK(log == "eww");
}

TEST_CASE("a ready waiter that is destroyed does not run") {
  const auto loop = make_loop();
  std::string log;
  {
    Mark gone("x", log);
    loop->make_ready(gone, Wake::ready);
  }
  loop->turn(Duration::zero());
  CHECK(log.empty());
}

TEST_CASE("a waiter made ready twice runs once, for the later reason") {
  const auto loop = make_loop();
  std::string log;
  Mark mark("x", log);
  loop->make_ready(mark, Wake::timeout);
  loop->make_ready(mark, Wake::cancelled);
  loop->turn(Duration::zero());
  CHECK(log == "x");
  CHECK(mark.wake == Wake::cancelled);
}

TEST_CASE("the loop sleeps no longer than to its next timer") {
  const auto loop = make_loop();
  struct Stop : Timer {
    explicit Stop(EventLoop& to)
        : Timer([](Timer& self) { static_cast<Stop&>(self).loop.stop(); }), loop(to) {}
    EventLoop& loop;
  } stop(*loop);
  loop->timers().arm(stop, loop->now() + milliseconds(20));
  const auto before = std::chrono::steady_clock::now();
  loop->run();
  CHECK(std::chrono::steady_clock::now() - before >= milliseconds(20));
}

TEST_CASE("time is read once per turn") {
  FakeClock clock;
  const auto loop = make_loop(clock);
  const MonoTime before = loop->now();
  clock.advance(seconds(1));
  CHECK(loop->now() == before);
  loop->turn(Duration::zero());
  CHECK(loop->now() == before + seconds(1));
}

TEST_CASE("D8: a jump of the wall clock moves no deadline") {
  FakeClock clock;
  const auto loop = make_loop(clock);
  struct Probe : Timer {
    Probe() : Timer([](Timer& self) { ++static_cast<Probe&>(self).fired; }) {}
    int fired = 0;
  } probe;
  loop->timers().arm(probe, loop->now() + seconds(10));
  clock.jump_wall(std::chrono::hours(24));
  loop->turn(Duration::zero());
  CHECK(probe.fired == 0);
  clock.jump_wall(-std::chrono::hours(48));
  clock.advance(seconds(11));
  loop->turn(Duration::zero());
  CHECK(probe.fired == 1);
}

Task<> take_turns(EventLoop& loop, std::string name, std::string& log) {
  for (int i = 0; i < 3; ++i) {
    log += name;
    co_await Yield(loop);
  }
}

TEST_CASE("tasks that yield take turns") {
  const auto loop = make_loop();
  std::string log;
  spawn(take_turns(*loop, "a", log));
  spawn(take_turns(*loop, "b", log));
  for (int i = 0; i < 4; ++i) loop->turn(Duration::zero());
  CHECK(log == "ababab");
}

}  // namespace
}  // namespace gatehouse::io
