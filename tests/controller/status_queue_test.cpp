// SPDX-License-Identifier: Apache-2.0
#include "controller/status_queue.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "controller/token_bucket.h"

namespace gatehouse::controller {
namespace {

using namespace std::chrono_literals;

const ObjectKey kClass = {"GatewayClass", "gatehouse"};
const ObjectKey kGateway = {"Gateway", "default/web"};
const ObjectKey kRoute = {"HTTPRoute", "default/a"};
constexpr MonoTime kStart{1h};

/// Changes of counts every `step` for `total`; the time of each write.
std::vector<MonoTime> writes_while_counts_change(Duration step, Duration total) {
  StatusQueue queue;
  std::vector<MonoTime> writes;
  for (auto now = kStart; now < kStart + total + 2s; now += 1ms) {
    if (now < kStart + total && (now - kStart) % step == 0ns) queue.add_paced(kGateway, now);
    if (!queue.take(now)) continue;
    queue.note_write(kGateway, now);
    writes.push_back(now);
  }
  return writes;
}

}  // namespace

TEST_CASE("an object is in the queue once, Gateways and their classes come first") {
  StatusQueue queue;
  queue.add(kRoute, kStart);
  queue.add(kGateway, kStart + 1ms);
  queue.add(kClass, kStart + 2ms);
  queue.add(kRoute, kStart + 3ms);
  CHECK(queue.size() == 3);
  CHECK(queue.next_due() == kStart);
  CHECK(queue.take(kStart + 3ms) == kGateway);
  CHECK(queue.take(kStart + 3ms) == kClass);
  CHECK(queue.take(kStart + 3ms) == kRoute);
  CHECK_FALSE(queue.take(kStart + 3ms));
  CHECK_FALSE(queue.next_due());
}

TEST_CASE("what fails comes back later each time, up to 30 s") {
  StatusQueue queue;
  const auto pause_after_failure = [&](Duration at_least) {
    queue.retry(kRoute, kStart, at_least);
    const auto due = queue.next_due().value();
    CHECK_FALSE(queue.take(due - 1ns));
    CHECK(queue.take(due) == kRoute);
    return due - kStart;
  };
  CHECK(pause_after_failure(0s) == 5ms);
  CHECK(pause_after_failure(0s) == 10ms);
  CHECK(pause_after_failure(7s) == 7s);
  for (int i = 0; i < 20; ++i) pause_after_failure(0s);
  CHECK(pause_after_failure(0s) == 30s);
  queue.settle(kRoute);
  CHECK(pause_after_failure(0s) == 5ms);
}

TEST_CASE("something new does not wait for a retry, something seen does") {
  StatusQueue queue;
  queue.retry(kRoute, kStart, 10s);
  queue.add_unless_queued(kRoute, kStart);
  CHECK(queue.next_due() == kStart + 10s);
  queue.add(kRoute, kStart);
  CHECK(queue.next_due() == kStart);
}

TEST_CASE("the first change of counts is written at once, and the last soon") {
  for (const auto step : {Duration(1ms), Duration(10ms), Duration(40ms)}) {
    const auto writes = writes_while_counts_change(step, 10s);
    CHECK(writes.front() == kStart);
    CHECK(writes.back() >= kStart + 10s - step);
    CHECK(writes.back() <= kStart + 10s + 150ms);
    CHECK(writes.size() <= 20);
  }
}

TEST_CASE("a change of counts after a pause is written at once") {
  const auto writes = writes_while_counts_change(3s, 9s);
  CHECK(writes == std::vector<MonoTime>{kStart, kStart + 3s, kStart + 6s});
}

TEST_CASE("any other change of a Gateway does not wait for its counts") {
  StatusQueue queue;
  queue.note_write(kGateway, kStart);
  queue.add_paced(kGateway, kStart + 1ms);
  CHECK(queue.next_due() == kStart + 100ms);
  queue.add(kGateway, kStart + 2ms);
  CHECK(queue.next_due() == kStart + 2ms);
  queue.add_paced(kGateway, kStart + 3ms);
  CHECK(queue.next_due() == kStart + 2ms);
}

TEST_CASE("tokens come back one by one") {
  TokenBucket bucket({.burst = 2, .per_token = 10ms}, kStart);
  CHECK(bucket.is_full(kStart));
  CHECK(bucket.take(kStart));
  CHECK(bucket.take(kStart));
  CHECK_FALSE(bucket.take(kStart));
  const auto wait = bucket.wait(kStart);
  CHECK(wait >= 10ms);
  CHECK(wait < 11ms);
  CHECK(bucket.take(kStart + wait));
  CHECK_FALSE(bucket.take(kStart + wait));
  CHECK(bucket.is_full(kStart + 1s));
}

}  // namespace gatehouse::controller
