// SPDX-License-Identifier: Apache-2.0
// Consistent hashing: evenness, little movement when endpoints change, keys of a failed endpoint.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "routing/balance/hash_table.h"

namespace gatehouse::routing::balance {
namespace {

using Kind = ir::LoadBalancer::Kind;
using Endpoints = std::vector<ir::Endpoint>;
using Table = std::shared_ptr<const HashTable>;

Endpoints endpoints(std::size_t count) {
  Endpoints all;
  for (std::size_t i = 0; i < count; ++i)
    all.push_back({"10.1." + std::to_string(i / 200) + "." + std::to_string(i % 200), 8080, 0});
  return all;
}

Table build(Kind kind, const Endpoints& of) {
  ir::Cluster cluster;
  cluster.endpoints = of;
  cluster.load_balancer.kind = kind;
  return HashTable::build(cluster);
}

std::uint64_t key(int number) {
  return stable_hash("user-" + std::to_string(number));
}

std::uint32_t find(const Table& table, std::uint64_t hash) {
  return table->find(hash, [](std::uint32_t) { return true; });
}

constexpr int kKeys = 20'000;

/// Keys that `before` and `after` send to different addresses.
int moved(const Table& before, const Endpoints& old_list, const Table& after, const Endpoints& new_list) {
  int count = 0;
  for (int i = 0; i < kKeys; ++i)
    count += old_list[find(before, key(i))].host != new_list[find(after, key(i))].host ? 1 : 0;
  return count;
}

TEST_CASE("a load balancer that does not hash has no table") {
  CHECK(build(Kind::round_robin, endpoints(3)) == nullptr);
  CHECK(build(Kind::least_request, endpoints(3)) == nullptr);
  CHECK(build(Kind::random, endpoints(3)) == nullptr);
}

TEST_CASE("a key belongs to the same endpoint in every table of the same endpoints") {
  const auto kind = GENERATE(Kind::ring_hash, Kind::maglev);
  const auto all = endpoints(17);
  const auto a = build(kind, all);
  const auto b = build(kind, all);
  for (int i = 0; i < 1000; ++i) CHECK(find(a, key(i)) == find(b, key(i)));
}

TEST_CASE("keys spread evenly") {
  const auto [kind, tolerance] =
      GENERATE(table<Kind, double>({{Kind::ring_hash, 0.35}, {Kind::maglev, 0.08}}));
  const auto all = endpoints(10);
  const auto hashes = build(kind, all);
  std::vector<int> counts(all.size());
  for (int i = 0; i < kKeys; ++i) ++counts[find(hashes, key(i))];
  const double fair = static_cast<double>(kKeys) / static_cast<double>(all.size());
  for (const int count : counts) CHECK(count == Approx(fair).epsilon(tolerance));
}

TEST_CASE("Maglev: every endpoint owns the same number of slots, give or take one") {
  const auto hashes = build(Kind::maglev, endpoints(100));
  REQUIRE(hashes->size() == HashTable::kMaglevSlots);
  std::vector<int> owned(100);
  for (std::size_t slot = 0; slot < hashes->size(); ++slot) ++owned[(*hashes)[slot]];
  const auto [least, most] = std::minmax_element(owned.begin(), owned.end());
  CHECK(*most - *least <= 1);
}

TEST_CASE("one endpoint less moves its own keys and hardly any other") {
  const auto [kind, strangers] =
      GENERATE(table<Kind, double>({{Kind::ring_hash, 0.0}, {Kind::maglev, 0.05}}));
  const auto before = endpoints(20);
  auto after = before;
  after.erase(after.begin() + 7);
  const auto old_table = build(kind, before);
  const auto new_table = build(kind, after);
  int of_others = 0;
  for (int i = 0; i < kKeys; ++i) {
    const auto owner = find(old_table, key(i));
    if (owner == 7) continue;
    of_others += before[owner].host != after[find(new_table, key(i))].host ? 1 : 0;
  }
  CHECK(of_others <= static_cast<int>(strangers * kKeys));
}

TEST_CASE("one endpoint more takes about its share and leaves the rest where it was") {
  const auto [kind, most] = GENERATE(table<Kind, double>({{Kind::ring_hash, 0.08}, {Kind::maglev, 0.10}}));
  const auto before = endpoints(20);
  const auto after = endpoints(21);
  const int count = moved(build(kind, before), before, build(kind, after), after);
  CHECK(count > kKeys * 0.03);
  CHECK(count < kKeys * most);
}

TEST_CASE("the keys of an endpoint that is not ready go to several others, nobody else's move") {
  const auto kind = GENERATE(Kind::ring_hash, Kind::maglev);
  const auto hashes = build(kind, endpoints(10));
  std::vector<int> heirs(10);
  for (int i = 0; i < kKeys; ++i) {
    const auto owner = find(hashes, key(i));
    const auto now = hashes->find(key(i), [](std::uint32_t endpoint) { return endpoint != 3; });
    if (owner == 3)
      ++heirs[now];
    else
      CHECK(now == owner);
  }
  CHECK(heirs[3] == 0);
  CHECK(std::count_if(heirs.begin(), heirs.end(), [](int n) { return n > 0; }) == 9);
}

TEST_CASE("no endpoint ready, and no endpoint at all") {
  const auto kind = GENERATE(Kind::ring_hash, Kind::maglev);
  const auto hashes = build(kind, endpoints(3));
  CHECK(hashes->find(key(1), [](std::uint32_t) { return false; }) == HashTable::kNone);
  CHECK(find(build(kind, {}), key(1)) == HashTable::kNone);
  CHECK(find(build(kind, endpoints(1)), key(1)) == 0);
}

TEST_CASE("a ring stays bounded however many endpoints there are, and all of them are on it") {
  CHECK(build(Kind::ring_hash, endpoints(3))->size() == 3 * HashTable::kMostSlotsPerEndpoint);
  const auto large = build(Kind::ring_hash, endpoints(5'000));
  CHECK(large->size() <= HashTable::kMostSlots);
  std::vector<bool> seen(5'000);
  for (std::size_t slot = 0; slot < large->size(); ++slot) seen[(*large)[slot]] = true;
  CHECK(std::count(seen.begin(), seen.end(), true) == 5'000);
}

TEST_CASE("stable_hash is the same on every machine and in every version") {
  CHECK(stable_hash("") == 0x48218226ff3cd4bf);
  CHECK(stable_hash("10.0.0.1:80") == 0x172c990c99f5e989);
  CHECK(stable_hash("a longer text, more than one word", 7) == 0xa9cef6895224f9e7);
  CHECK(stable_hash("a") != stable_hash(std::string_view("a\0", 2)));
}

}  // namespace
}  // namespace gatehouse::routing::balance
