// SPDX-License-Identifier: Apache-2.0
// When a name is looked up again, and what stays of it when that fails (B10).
#include "gateway/name_table.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace gatehouse::gateway {
namespace {

using namespace std::chrono_literals;

constexpr MonoTime kStart{1h};

NameTable::Wanted wanted(std::initializer_list<std::string> names, ir::DnsRefresh how = {}) {
  NameTable::Wanted list;
  for (const auto& name : names) list.emplace(name, how);
  return list;
}

DnsAnswer found(std::string name, std::vector<std::string_view> addresses, std::chrono::seconds ttl) {
  DnsAnswer answer{std::move(name), DnsAnswer::State::found, {}, ttl, false, {}};
  for (const auto text : addresses) answer.addresses.push_back(*IpAddress::parse(text));
  std::sort(answer.addresses.begin(), answer.addresses.end());
  return answer;
}

DnsAnswer lost(std::string name, DnsAnswer::State state = DnsAnswer::State::failed) {
  return {std::move(name), state, {}, {}, false, "no answer"};
}

/// One name that is being asked for since kStart.
NameTable asked_table(ir::DnsRefresh how = {}) {
  NameTable table;
  table.want(wanted({"a.test"}, how), kStart);
  REQUIRE(table.take_due(kStart, 10).size() == 1);
  return table;
}

Duration pause_after(NameTable& table, const DnsAnswer& answer, MonoTime now = kStart) {
  table.take(answer, now);
  REQUIRE(table.next_due());
  return *table.next_due() - now;
}

}  // namespace

TEST_CASE("a wanted name is due at once, and not twice before its answer") {
  NameTable table;
  table.want(wanted({"a.test", "b.test"}), kStart);
  CHECK(table.take_due(kStart, 10) == std::vector<std::string>{"a.test", "b.test"});
  CHECK(table.take_due(kStart + 1h, 10).empty());
  CHECK_FALSE(table.next_due());
}

TEST_CASE("no more names are taken than asked for") {
  NameTable table;
  table.want(wanted({"a.test", "b.test", "c.test"}), kStart);
  CHECK(table.take_due(kStart, 2).size() == 2);
  CHECK(table.take_due(kStart, 2).size() == 1);
}

TEST_CASE("a name is due again when its records have expired") {
  auto table = asked_table();
  CHECK(pause_after(table, found("a.test", {"192.0.2.1"}, 7s)) == 7s);
}

TEST_CASE("the refresh time bounds a long life of records") {
  auto table = asked_table({20s, true});
  CHECK(pause_after(table, found("a.test", {"192.0.2.1"}, 300s)) == 20s);
}

TEST_CASE("records that live less than a second are asked for every second") {
  auto table = asked_table();
  CHECK(pause_after(table, found("a.test", {"192.0.2.1"}, 0s)) == 1s);
}

TEST_CASE("the life of records does not count where it is not to be respected") {
  auto table = asked_table({20s, false});
  CHECK(pause_after(table, found("a.test", {"192.0.2.1"}, 1s)) == 20s);
}

TEST_CASE("failures in a row are tried again after longer and longer pauses") {
  auto table = asked_table({5s, true});
  auto now = kStart;
  for (const auto pause : {1s, 2s, 4s, 5s, 5s}) {
    CHECK(pause_after(table, lost("a.test"), now) == pause);
    now += pause;
    REQUIRE(table.take_due(now, 10).size() == 1);
  }
  CHECK(pause_after(table, found("a.test", {"192.0.2.1"}, 3s), now) == 3s);
  REQUIRE(table.take_due(now + 3s, 10).size() == 1);
  CHECK(pause_after(table, lost("a.test"), now + 3s) == 1s);
}

TEST_CASE("a failure keeps the last good answer for an hour at most") {
  const auto state = GENERATE(DnsAnswer::State::failed, DnsAnswer::State::not_found);
  auto table = asked_table();
  CHECK(table.take(found("a.test", {"192.0.2.1"}, 30s), kStart));
  for (auto age = 30min; age <= 60min; age += 30min) {
    const bool is_old = age == 60min;
    REQUIRE(table.take_due(kStart + age, 10).size() == 1);
    CHECK(table.take(lost("a.test", state), kStart + age) == is_old);
    CHECK(table.find("a.test")->empty() == is_old);
  }
}

TEST_CASE("only other addresses are a change") {
  auto table = asked_table();
  CHECK(table.take(found("a.test", {"192.0.2.1", "192.0.2.2"}, 1s), kStart));
  table.take_due(kStart + 1s, 10);
  CHECK_FALSE(table.take(found("a.test", {"192.0.2.1", "192.0.2.2"}, 1s), kStart + 1s));
  table.take_due(kStart + 2s, 10);
  CHECK(table.take(found("a.test", {"192.0.2.1"}, 1s), kStart + 2s));
}

TEST_CASE("a family that may be missing because a try timed out keeps its addresses") {
  auto table = asked_table();
  table.take(found("a.test", {"192.0.2.1", "2001:db8::1"}, 1s), kStart);
  table.take_due(kStart + 1s, 10);
  auto partial = found("a.test", {"2001:db8::1"}, 1s);
  partial.tries_timed_out = true;
  CHECK_FALSE(table.take(partial, kStart + 1s));

  table.take_due(kStart + 2s, 10);
  partial.tries_timed_out = false;
  CHECK(table.take(partial, kStart + 2s));
}

TEST_CASE("a name that is not wanted any more is forgotten, and its late answer too") {
  auto table = asked_table();
  table.want({}, kStart);
  CHECK_FALSE(table.take(found("a.test", {"192.0.2.1"}, 1s), kStart));
  CHECK(table.find("a.test") == nullptr);
  CHECK_FALSE(table.next_due());
}

TEST_CASE("a name whose refresh time changes is looked up by the new one at once") {
  auto table = asked_table();
  table.take(found("a.test", {"192.0.2.1"}, 300s), kStart);
  table.want(wanted({"a.test"}, {2s, true}), kStart + 1s);
  CHECK(table.take_due(kStart + 1s, 10).size() == 1);
  CHECK(pause_after(table, found("a.test", {"192.0.2.1"}, 300s), kStart + 1s) == 2s);
}

}  // namespace gatehouse::gateway
