// SPDX-License-Identifier: Apache-2.0
// L12: retries stay a small part of the requests. And the split of limits over workers.
#include "proxy/upstream/retry_budget.h"

#include <catch2/catch.hpp>

namespace gatehouse::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonoTime kStart{seconds(1000)};

RetryBudget budget(std::uint32_t percent, std::uint32_t min_count, WorkerShare share = {}) {
  ir::RetryBudget limits;
  limits.enabled = true;
  limits.percent = percent;
  limits.min_count = min_count;
  RetryBudget made;
  made.set_limits(limits, share);
  return made;
}

/// Retries granted out of `wanted`.
int granted(RetryBudget& budget, int wanted, MonoTime now) {
  int count = 0;
  for (int i = 0; i < wanted; ++i) count += budget.take(now) ? 1 : 0;
  return count;
}

TEST_CASE("L12: in an outage retries stay at the given part of the requests") {
  auto of = budget(20, 0);
  int retries = 0;
  MonoTime now = kStart;
  for (int i = 0; i < 10'000; ++i) {
    now += milliseconds(1);
    of.request_began(now);
    retries += granted(of, 3, now);  // every request fails and wants three more tries
  }
  CHECK(retries <= 2'000);
  CHECK(retries > 1'900);
}

TEST_CASE("a budget that is switched off allows every retry") {
  ir::RetryBudget off;
  off.enabled = false;
  RetryBudget none;
  none.set_limits(off, {});
  CHECK(granted(none, 1'000, kStart) == 1'000);
}

TEST_CASE("L12: without a policy an outage is not multiplied") {
  RetryBudget standard;
  standard.set_limits(ir::RetryBudget{}, {});
  CHECK(granted(standard, 1'000, kStart) == 100);
}

TEST_CASE("a few retries are free, anew in every interval") {
  auto of = budget(20, 10);
  CHECK(granted(of, 100, kStart) == 10);
  CHECK(granted(of, 100, kStart + milliseconds(500)) == 0);
  CHECK(granted(of, 100, kStart + milliseconds(1'100)) == 10);
}

TEST_CASE("requests of long ago give no budget") {
  auto of = budget(50, 0);
  for (int i = 0; i < 100; ++i) of.request_began(kStart);
  CHECK(granted(of, 10, kStart + seconds(5)) == 10);
  CHECK(granted(of, 100, kStart + seconds(9)) == 40);
  CHECK(granted(of, 100, kStart + seconds(11)) == 0);
}

TEST_CASE("a budget that is changed on the way starts to count by the new intervals") {
  auto of = budget(100, 0);
  of.request_began(kStart);
  ir::RetryBudget limits;
  limits.enabled = true;
  limits.percent = 100;
  limits.min_count = 0;
  limits.interval = seconds(60);
  of.set_limits(limits, {});
  CHECK(granted(of, 5, kStart) == 0);
  of.request_began(kStart + seconds(1));
  CHECK(granted(of, 5, kStart + seconds(50)) == 1);
}

TEST_CASE("the workers' parts of a limit add up to it") {
  for (const std::uint32_t limit : {4u, 7u, 100u, 1'023u}) {
    std::uint32_t sum = 0;
    for (std::uint32_t worker = 0; worker < 4; ++worker) sum += WorkerShare{worker, 4}.of(limit);
    CHECK(sum == limit);
  }
}

TEST_CASE("a worker gets at least one, and without a limit everything") {
  CHECK(WorkerShare{3, 8}.of(1) == 1);
  CHECK(WorkerShare{3, 8}.of(0) == UINT32_MAX);
  CHECK(granted(*std::make_unique<RetryBudget>(budget(0, 8, {1, 4})), 100, kStart) == 2);
}

}  // namespace
}  // namespace gatehouse::proxy
