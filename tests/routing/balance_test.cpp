// SPDX-License-Identifier: Apache-2.0
// Whose turn it is: round robin, random, the less loaded of two; shares during slow start.
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <set>
#include <vector>

#include "routing/balance/random.h"
#include "routing/balance/round_robin.h"

namespace gatehouse::routing::balance {
namespace {

using std::chrono::seconds;

std::vector<Candidate> candidates(std::uint32_t count) {
  std::vector<Candidate> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back({i, kFullShare});
  return all;
}

/// How often each endpoint came out of `picks` picks.
template <typename Pick>
std::vector<int> tally(std::size_t endpoints, int picks, Pick pick) {
  std::vector<int> counts(endpoints);
  for (int i = 0; i < picks; ++i) ++counts.at(pick());
  return counts;
}

TEST_CASE("round robin gives everyone a turn before anyone has a second one") {
  const auto ready = candidates(5);
  Dice dice(1);
  RoundRobin turns(12'345'678'901);
  for (int round = 0; round < 3; ++round) {
    std::set<std::uint32_t> seen;
    for (int i = 0; i < 5; ++i) seen.insert(turns.pick(ready, dice));
    CHECK(seen.size() == 5);
  }
}

TEST_CASE("round robin of several workers starts in different places") {
  const auto ready = candidates(64);
  std::set<std::uint32_t> starts;
  for (std::uint64_t worker = 0; worker < 16; ++worker) {
    Dice dice(worker);
    starts.insert(RoundRobin(dice.next()).pick(ready, dice));
  }
  CHECK(starts.size() > 8);
}

TEST_CASE("a turn of round robin that was not used comes again") {
  const auto ready = candidates(3);
  Dice dice(1);
  RoundRobin turns(0);
  for (int i = 0; i < 7; ++i) {
    const auto first = turns.pick(ready, dice);
    turns.step_back();
    CHECK(turns.pick(ready, dice) == first);
  }
}

TEST_CASE("round robin goes on when there are fewer candidates than before") {
  Dice dice(1);
  RoundRobin turns(0);
  for (int i = 0; i < 9; ++i) turns.pick(candidates(10), dice);
  CHECK(turns.pick(candidates(2), dice) < 2);
  CHECK(turns.pick(candidates(1), dice) == 0);
}

TEST_CASE("an endpoint at a quarter of its share gets a quarter of a turn, whatever picks") {
  auto ready = candidates(4);
  ready[2].share = kFullShare / 4;
  Dice dice(7);
  constexpr int kPicks = 13'000;  // 4000 for each full share, 1000 for the quarter
  std::vector<int> counts;
  SECTION("round robin") {
    RoundRobin turns(0);
    counts = tally(4, kPicks, [&] { return turns.pick(ready, dice); });
  }
  SECTION("random") {
    counts = tally(4, kPicks, [&] { return pick_random(ready, dice); });
  }
  CHECK(counts[2] > 800);
  CHECK(counts[2] < 1200);
  for (const auto other : {0, 1, 3}) CHECK(counts[static_cast<std::size_t>(other)] > 3600);
}

TEST_CASE("an endpoint alone gets everything, however small its share") {
  std::vector<Candidate> ready{{9, 1}};
  Dice dice(3);
  RoundRobin turns(5);
  CHECK(turns.pick(ready, dice) == 9);
  CHECK(pick_random(ready, dice) == 9);
  CHECK(pick_least_loaded(ready, dice, [](std::uint32_t) { return 100u; }) == 9);
}

TEST_CASE("random choice is even") {
  const auto ready = candidates(8);
  Dice dice(11);
  for (const int count : tally(8, 16'000, [&] { return pick_random(ready, dice); })) {
    CHECK(count > 1800);
    CHECK(count < 2200);
  }
}

TEST_CASE("the less loaded of two random endpoints is taken") {
  const auto ready = candidates(10);
  Dice dice(5);
  SECTION("the most loaded one is never taken") {
    const auto load = [](std::uint32_t endpoint) { return endpoint; };
    const auto counts = tally(10, 10'000, [&] { return pick_least_loaded(ready, dice, load); });
    CHECK(counts[9] == 0);
    for (std::size_t i = 1; i < 10; ++i) CHECK(counts[i] < counts[i - 1]);
  }
  SECTION("loads stay close together when nothing ends") {
    std::array<std::uint32_t, 10> loads{};
    for (int i = 0; i < 10'000; ++i)
      ++loads[pick_least_loaded(ready, dice, [&](std::uint32_t e) { return loads[e]; })];
    const auto [least, most] = std::minmax_element(loads.begin(), loads.end());
    CHECK(*most - *least < 10);
  }
  SECTION("half a share counts as twice the load") {
    auto warming = candidates(2);
    warming[1].share = kFullShare / 2;
    std::array<std::uint32_t, 2> loads{};
    for (int i = 0; i < 3'000; ++i)
      ++loads[pick_least_loaded(warming, dice, [&](std::uint32_t e) { return loads[e]; })];
    CHECK(loads[1] > 900);
    CHECK(loads[1] < 1100);
  }
}

TEST_CASE("slow start grows evenly from a tenth to the full share") {
  CHECK(slow_start_share(seconds(0), seconds(100)) == kFullShare / 10);
  CHECK(slow_start_share(seconds(50), seconds(100)) == kFullShare / 2);
  CHECK(slow_start_share(seconds(75), seconds(100)) == kFullShare * 3 / 4);
  CHECK(slow_start_share(seconds(100), seconds(100)) == kFullShare);
  CHECK(slow_start_share(seconds(500), seconds(100)) == kFullShare);
  CHECK(slow_start_share(seconds(-5), seconds(100)) == kFullShare / 10);
}

}  // namespace
}  // namespace gatehouse::routing::balance
