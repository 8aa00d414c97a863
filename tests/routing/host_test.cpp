// SPDX-License-Identifier: Apache-2.0
// Hostnames: exact, wildcard, none; falling through; listener isolation.
#include <catch2/catch.hpp>

#include "tests/routing/table_builder.h"

using namespace gatehouse;
using namespace gatehouse::routing;
using namespace gatehouse::routing::testing;

TEST_CASE("an exact hostname beats a wildcard, a wildcard beats none") {
  TableFixture table;
  table.add(make_route("any", {prefix("/")}))
      .add(make_route("wild", {prefix("/")}), {"*.example.com"})
      .add(make_route("exact", {prefix("/")}), {"a.example.com"});
  CHECK(table.find("a.example.com", "/") == "exact/0");
  CHECK(table.find("b.example.com", "/") == "wild/0");
  CHECK(table.find("example.org", "/") == "any/0");
}

TEST_CASE("a wildcard takes any number of labels but not its own suffix") {
  TableFixture table;
  table.add(make_route("r", {prefix("/")}), {"*.example.com"});
  CHECK(table.find("a.example.com", "/") == "r/0");
  CHECK(table.find("a.b.c.example.com", "/") == "r/0");
  CHECK(table.find("example.com", "/") == "none");
  CHECK(table.find("badexample.com", "/") == "none");
  CHECK(table.find(".example.com", "/") == "none");
}

TEST_CASE("the wildcard with the longest suffix wins") {
  TableFixture table;
  table.add(make_route("com", {prefix("/")}), {"*.com"})
      .add(make_route("example", {prefix("/")}), {"*.example.com"})
      .add(make_route("deep", {prefix("/")}), {"*.a.example.com"});
  CHECK(table.find("x.a.example.com", "/") == "deep/0");
  CHECK(table.find("a.example.com", "/") == "example/0");
  CHECK(table.find("example.com", "/") == "com/0");
}

TEST_CASE("U10: a host nobody serves has no route") {
  TableFixture table;
  table.add(make_route("r", {prefix("/")}), {"a.example.com"});
  CHECK(table.find("b.example.com", "/") == "none");
  CHECK(table.find("", "/") == "none");
}

TEST_CASE("a request without a host meets routes without hostnames") {
  TableFixture table;
  table.add(make_route("r", {prefix("/")}));
  CHECK(table.find("", "/") == "r/0");
}

TEST_CASE("the more specific hostname wins over a longer prefix of an older route") {
  TableFixture table;
  table.add(make_route("old", {prefix("/path/prefix")}, 1), {"*.example.com"})
      .add(make_route("new", {prefix("/path")}, 2), {"abc.example.com"});
  CHECK(table.find("abc.example.com", "/path/prefix") == "new/0");
}

TEST_CASE("when no rule of the more specific hostname holds, the less specific one is asked") {
  TableFixture table;
  table.add(make_route("any", {prefix("/any")}))
      .add(make_route("old", {with_header(prefix("/"), "header-b", "b")}, 1), {"*.example.com"})
      .add(make_route("new", {with_header(prefix("/"), "header-a", "a")}, 2), {"abc.example.com"});
  CHECK(table.find("abc.example.com", "/", "GET", {{"Header-A", "a"}, {"Header-B", "b"}}) == "new/0");
  CHECK(table.find("abc.example.com", "/", "GET", {{"Header-B", "b"}}) == "old/0");
  CHECK(table.find("abc.example.com", "/any") == "any/0");
  CHECK(table.find("abc.example.com", "/") == "none");
}

TEST_CASE("routes of several hostnames are served under each") {
  TableFixture table;
  table.add(make_route("r", {prefix("/")}), {"*.b.org", "a.org"});
  CHECK(table.find("a.org", "/") == "r/0");
  CHECK(table.find("x.b.org", "/") == "r/0");
}

TEST_CASE("a host longer than any DNS name meets only routes without hostnames") {
  const std::string host = std::string(HostIndex::kMaxHostBytes, 'a') + ".example.com";
  TableFixture table;
  table.add(make_route("wild", {prefix("/")}), {"*.example.com"}).add(make_route("any", {prefix("/")}));
  CHECK(table.find(host, "/") == "any/0");
  CHECK(table.find(host.substr(20), "/") == "wild/0");
}

TEST_CASE("an empty table finds nothing") {
  TableFixture table;
  CHECK(table.find("a.org", "/") == "none");
}

TEST_CASE("thousands of hostnames are all found") {
  HostIndex hosts;
  for (std::uint32_t i = 0; i < 5000; ++i)
    REQUIRE(hosts.insert((i % 2 == 0 ? "*.h" : "h") + std::to_string(i) + ".test", i));
  CHECK(hosts.size() == 5000);
  CHECK_FALSE(hosts.insert("h1.test", 7));
  for (std::uint32_t i = 0; i < 5000; ++i) {
    std::vector<std::uint32_t> seen;
    const std::string host = (i % 2 == 0 ? "x.h" : "h") + std::to_string(i) + ".test";
    hosts.visit(host, [&](std::uint32_t value) {
      seen.push_back(value);
      return false;
    });
    REQUIRE(seen == std::vector{i});
  }
}

TEST_CASE("among listeners of one socket the most specific hostname serves the request") {
  const ListenerIndex index(
      {{"", 10}, {"*.example.com", 11}, {"*.foo.example.com", 12}, {"abc.foo.example.com", 13}});
  CHECK(index.find("bar.com") == 10U);
  CHECK(index.find("bar.example.com") == 11U);
  CHECK(index.find("bar.foo.example.com") == 12U);
  CHECK(index.find("abc.foo.example.com") == 13U);
  CHECK(index.find("example.com") == 10U);
}

TEST_CASE("no listener covers an unknown host when all have hostnames") {
  const ListenerIndex index({{"*.example.com", 0}, {"a.org", 1}});
  CHECK(index.find("a.org") == 1U);
  CHECK_FALSE(index.find("b.org").has_value());
  CHECK_FALSE(index.find("").has_value());
  CHECK_FALSE(ListenerIndex().find("a.org").has_value());
}

TEST_CASE("of listeners with one hostname the first counts") {
  const ListenerIndex index({{"a.org", 4}, {"a.org", 5}});
  CHECK(index.find("a.org") == 4U);
}
