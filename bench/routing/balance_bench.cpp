// SPDX-License-Identifier: Apache-2.0
// One pick of each load balancer, and building the tables that hash.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "routing/balance/hash_table.h"
#include "routing/balance/random.h"
#include "routing/balance/round_robin.h"

namespace gatehouse::routing::balance {
namespace {

std::vector<Candidate> candidates(std::int64_t count) {
  std::vector<Candidate> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back({i, kFullShare});
  return all;
}

std::vector<ir::Endpoint> endpoints(std::int64_t count) {
  std::vector<ir::Endpoint> all;
  for (std::int64_t i = 0; i < count; ++i)
    all.push_back({"10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 8080, 0});
  return all;
}

void round_robin(benchmark::State& state) {
  const auto ready = candidates(state.range(0));
  Dice dice(1);
  RoundRobin turns(1);
  for (auto _ : state) benchmark::DoNotOptimize(turns.pick(ready, dice));
}
BENCHMARK(round_robin)->Arg(1)->Arg(10)->Arg(1000);

void random_choice(benchmark::State& state) {
  const auto ready = candidates(state.range(0));
  Dice dice(1);
  for (auto _ : state) benchmark::DoNotOptimize(pick_random(ready, dice));
}
BENCHMARK(random_choice)->Arg(10)->Arg(1000);

void least_loaded(benchmark::State& state) {
  const auto ready = candidates(state.range(0));
  std::vector<std::uint32_t> loads(ready.size(), 3);
  Dice dice(1);
  for (auto _ : state)
    benchmark::DoNotOptimize(pick_least_loaded(ready, dice, [&](std::uint32_t i) { return loads[i]; }));
}
BENCHMARK(least_loaded)->Arg(10)->Arg(1000);

template <auto build>
void find(benchmark::State& state) {
  const auto table = build(endpoints(state.range(0)));
  Dice dice(1);
  for (auto _ : state) benchmark::DoNotOptimize(table->find(dice.next(), [](std::uint32_t) { return true; }));
}
BENCHMARK(find<HashTable::build_ring>)->Name("ring_hash/find")->Arg(10)->Arg(1000);
BENCHMARK(find<HashTable::build_maglev>)->Name("maglev/find")->Arg(10)->Arg(1000);

template <auto build>
void make(benchmark::State& state) {
  const auto all = endpoints(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(build(all));
}
BENCHMARK(make<HashTable::build_ring>)
    ->Name("ring_hash/build")
    ->Arg(10)
    ->Arg(1000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(make<HashTable::build_maglev>)
    ->Name("maglev/build")
    ->Arg(10)
    ->Arg(1000)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace gatehouse::routing::balance
