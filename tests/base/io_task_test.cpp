// SPDX-License-Identifier: Apache-2.0
// Task<T>: values, nesting, synchronous completion, ownership of frames; OneShot, which joins two of them.
#include "base/io/task.h"

#include <catch2/catch.hpp>

#include <memory>
#include <string>

#include "base/io/one_shot.h"
#include "base/io/yield.h"
#include "base/result.h"

namespace gatehouse::io {
namespace {

std::unique_ptr<EventLoop> make_loop() {
  auto loop = EventLoop::create();
  REQUIRE(loop.has_value());
  return std::move(*loop);
}

Task<int> answer() {
  co_return 42;
}
Task<int> add_one(Task<int> inner) {
  const int value = co_await std::move(inner);
  co_return value + 1;
}
Task<> store(Task<int> inner, int& to) {
  to = co_await std::move(inner);
}
Task<int> nested(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await nested(depth - 1);
  co_return below + 1;
}

TEST_CASE("a task starts when it is awaited, not before") {
  bool started = false;
  struct Body {
    static Task<> run(bool& flag) {
      flag = true;
      co_return;
    }
  };
  {
    const auto never_awaited = Body::run(started);
    CHECK_FALSE(started);
  }
  spawn(Body::run(started));
  CHECK(started);
}

TEST_CASE("values come back through nested tasks") {
  int result = 0;
  spawn(store(add_one(add_one(answer())), result));
  CHECK(result == 44);
  spawn(store(nested(1000), result));
  CHECK(result == 1000);
}

Task<std::unique_ptr<std::string>> make_text() {
  co_return std::make_unique<std::string>("moved");
}
Task<> take_text(std::string& to) {
  const auto text = co_await make_text();
  to = *text;
}

TEST_CASE("a task hands out values that can only be moved") {
  std::string text;
  spawn(take_text(text));
  CHECK(text == "moved");
}

TEST_CASE("Task::ready is done without a frame") {
  int result = 0;
  spawn(store(Task<int>::ready(7), result));
  CHECK(result == 7);
}

Task<Result<int>> fail() {
  co_return Error{Fault::timeout, Side::upstream, Retry::never, "late"};
}
Task<> keep_fault(Fault& to) {
  const auto result = co_await fail();
  to = result.has_value() ? Fault::internal : result.error().fault;
}

TEST_CASE("errors are values that come back like any other") {
  Fault fault = Fault::internal;
  spawn(keep_fault(fault));
  CHECK(fault == Fault::timeout);
}

Task<> await_many(std::uint64_t& sum, std::uintptr_t& deepest, std::uintptr_t& shallowest) {
  for (int i = 0; i < 1'000'000; ++i) {
    const int value = co_await answer();
    sum += static_cast<std::uint64_t>(value);
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    deepest = std::min(deepest, here);
    shallowest = std::max(shallowest, here);
  }
}

TEST_CASE("a million awaits of tasks that end at once do not grow the stack") {
  std::uint64_t sum = 0;
  std::uintptr_t deepest = UINTPTR_MAX;
  std::uintptr_t shallowest = 0;
  spawn(await_many(sum, deepest, shallowest));
  CHECK(sum == 42'000'000);
  CHECK(shallowest - deepest < 64 * 1024);
}

Task<int> pause(EventLoop& loop, int value) {
  co_await Yield(loop);
  co_return value;
}
Task<> sum_of_pauses(EventLoop& loop, int& to) {
  for (int i = 1; i <= 3; ++i) {
    const int value = co_await pause(loop, i);
    to += value;
  }
}

TEST_CASE("a task that waits resumes whoever awaits it") {
  const auto loop = make_loop();
  int sum = 0;
  spawn(sum_of_pauses(*loop, sum));
  CHECK(sum == 0);
  for (int i = 0; i < 3; ++i) loop->turn(Duration::zero());
  CHECK(sum == 6);
}

struct Guard {
  explicit Guard(int& to) : alive(to) { ++alive; }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { --alive; }
  int& alive;
};
Task<> hold(EventLoop& loop, int& alive) {
  const Guard guard(alive);
  co_await Yield(loop);
}
Task<> hold_twice(EventLoop& loop, int& alive) {
  const Guard guard(alive);
  co_await hold(loop, alive);
}

TEST_CASE("frames of spawned tasks are gone when they have ended") {
  const auto loop = make_loop();
  int alive = 0;
  spawn(hold_twice(*loop, alive));
  CHECK(alive == 2);
  loop->turn(Duration::zero());
  CHECK(alive == 0);
}

Task<> wait_for(OneShot& event, std::string& log) {
  log += "wait ";
  co_await event;
  log += "woken ";
}

TEST_CASE("one-shot: the waiting task continues in a later step, not inside set") {
  const auto loop = make_loop();
  OneShot event(*loop);
  std::string log;
  spawn(wait_for(event, log));
  event.set();
  log += "set ";
  CHECK(log == "wait set ");
  loop->turn(Duration::zero());
  CHECK(log == "wait set woken ");
}

TEST_CASE("one-shot: an event that has happened does not wait") {
  const auto loop = make_loop();
  OneShot event(*loop);
  event.set();
  CHECK(event.is_set());
  std::string log;
  spawn(wait_for(event, log));
  CHECK(log == "wait woken ");
}

Task<> mark_at_turn_end(EventLoop& loop, std::string& log) {
  co_await TurnEnd(loop);
  log += "end ";
}
Task<> mark_when_ready(EventLoop& loop, std::string& log) {
  co_await Yield(loop);
  log += "ready ";
}

TEST_CASE("turn end: runs in the same turn, behind everything that is ready") {
  const auto loop = make_loop();
  std::string log;
  spawn(mark_at_turn_end(*loop, log));
  spawn(mark_when_ready(*loop, log));
  spawn(mark_when_ready(*loop, log));
  loop->turn(Duration::zero());
  CHECK(log == "ready ready end ");
}

}  // namespace
}  // namespace gatehouse::io
