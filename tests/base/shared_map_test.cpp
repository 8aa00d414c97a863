// SPDX-License-Identifier: Apache-2.0
// SharedMap against std::map: contents, order, and what copies share.
#include <catch2/catch.hpp>

#include <map>
#include <random>

#include "base/shared_map.h"

namespace gatehouse {
namespace {

using Map = SharedMap<int>;

std::map<std::string, int> contents(const Map& map) {
  std::map<std::string, int> result;
  std::string last;
  for (const auto& [name, value] : map) {
    CHECK((result.empty() || last < name));
    last = name;
    result.emplace(name, value);
  }
  CHECK(result.size() == map.size());
  return result;
}

}  // namespace

TEST_CASE("a shared map holds what a std::map holds after random changes") {
  std::mt19937 dice(7);
  Map map;
  std::map<std::string, int> expected;
  for (int step = 0; step < 5000; ++step) {
    const auto name = std::to_string(dice() % 1000);
    if (dice() % 3 == 0) {
      map.erase(name);
      expected.erase(name);
    } else {
      map.set(name, std::make_shared<const int>(step));
      expected[name] = step;
    }
  }
  CHECK(contents(map) == expected);
  for (int i = 0; i < 1000; ++i)
    CHECK(map.contains(std::to_string(i)) == expected.contains(std::to_string(i)));
}

TEST_CASE("a copy of a shared map does not change with the original") {
  std::vector<Map::Entry> entries;
  for (int i = 100; i < 400; ++i) entries.push_back({std::to_string(i), std::make_shared<const int>(i)});
  Map map(std::move(entries));
  const Map before = map;
  const auto kept = map.find("399");
  map.set("250", std::make_shared<const int>(0));
  map.erase("251");
  CHECK(*before.find("250") == 250);
  CHECK(before.contains("251"));
  CHECK(before.size() == 300);
  CHECK(*map.find("250") == 0);
  CHECK(map.size() == 299);
  CHECK(map.find("399") == kept);
  CHECK_FALSE(map == before);
}

TEST_CASE("shared maps with equal entries are equal, however they were made") {
  Map one;
  Map other;
  for (int i = 0; i < 300; ++i) one.set(std::to_string(i), std::make_shared<const int>(i));
  for (int i = 299; i >= 0; --i) other.set(std::to_string(i), std::make_shared<const int>(i));
  CHECK(one == other);
  other.erase("17");
  CHECK_FALSE(one == other);
}

TEST_CASE("an emptied shared map takes entries again") {
  Map map;
  map.set("a", std::make_shared<const int>(1));
  map.erase("a");
  CHECK(map.empty());
  CHECK(map.begin() == map.end());
  CHECK(map.find("a") == nullptr);
  map.set("b", std::make_shared<const int>(2));
  CHECK(contents(map) == std::map<std::string, int>{{"b", 2}});
}

}  // namespace gatehouse
