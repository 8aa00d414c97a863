// SPDX-License-Identifier: Apache-2.0
// Which of several matching rules wins (Gateway API precedence).
#include <catch2/catch.hpp>

#include "tests/routing/table_builder.h"

using namespace gatehouse;
using namespace gatehouse::routing;
using namespace gatehouse::routing::testing;

TEST_CASE("an exact path beats a regular expression and a prefix") {
  TableFixture table;
  table.add(make_route("r", {prefix("/one/two"), regex("/one/two+"), exact("/one/two")}));
  CHECK(table.find("h", "/one/two") == "r/2");
}

TEST_CASE("a regular expression beats a longer prefix") {
  TableFixture table;
  table.add(make_route("r", {prefix("/one/two/three"), regex("/o.*")}));
  CHECK(table.find("h", "/one/two/three") == "r/1");
}

TEST_CASE("the longer of two matching regular expressions wins") {
  TableFixture table;
  table.add(make_route("r", {regex("/a.*"), regex("/a/[b].*"), regex("/.*")}));
  CHECK(table.find("h", "/a/b") == "r/1");
  CHECK(table.find("h", "/a/c") == "r/0");
  CHECK(table.find("h", "/c") == "r/2");
}

TEST_CASE("the longest matching prefix wins, whatever the order") {
  TableFixture table;
  table.add(make_route("r", {prefix("/"), prefix("/match/this"), prefix("/match")}));
  CHECK(table.find("h", "/match/this/one") == "r/1");
  CHECK(table.find("h", "/match/that") == "r/2");
  CHECK(table.find("h", "/other") == "r/0");
}

TEST_CASE("a longer prefix whose conditions fail gives way to a shorter one") {
  TableFixture table;
  table.add(make_route("r", {with_method(prefix("/a/b/c"), "POST"), prefix("/a")}));
  CHECK(table.find("h", "/a/b/c/d") == "r/1");
  CHECK(table.find("h", "/a/b/c/d", "POST") == "r/0");
}

TEST_CASE("an exact path whose conditions fail gives way to regexes, then prefixes") {
  TableFixture table;
  table.add(
      make_route("r", {prefix("/a"), with_method(regex("/[a]"), "PUT"), with_method(exact("/a"), "POST")}));
  CHECK(table.find("h", "/a", "POST") == "r/2");
  CHECK(table.find("h", "/a", "PUT") == "r/1");
  CHECK(table.find("h", "/a", "GET") == "r/0");
}

TEST_CASE("a method match beats more header matches") {
  TableFixture table;
  table.add(make_route(
      "r", {with_header(with_header(prefix("/"), "a", "1"), "b", "2"), with_method(prefix("/"), "GET")}));
  CHECK(table.find("h", "/", "GET", {{"a", "1"}, {"b", "2"}}) == "r/1");
  CHECK(table.find("h", "/", "PUT", {{"a", "1"}, {"b", "2"}}) == "r/0");
}

TEST_CASE("more header matches win") {
  TableFixture table;
  table.add(make_route("r", {with_header(prefix("/"), "version", "two"),
                             with_header(with_header(prefix("/"), "version", "two"), "color", "orange")}));
  CHECK(table.find("h", "/", "GET", {{"Version", "two"}, {"Color", "orange"}}) == "r/1");
  CHECK(table.find("h", "/", "GET", {{"Version", "two"}}) == "r/0");
  CHECK(table.find("h", "/", "GET", {{"Color", "orange"}}) == "none");
}

TEST_CASE("a header match beats more query matches") {
  TableFixture table;
  table.add(make_route(
      "r", {with_query(with_query(prefix("/"), "a", "1"), "b", "2"), with_header(prefix("/"), "x", "y")}));
  CHECK(table.find("h", "/", "GET", {{"x", "y"}}, "a=1&b=2") == "r/1");
}

TEST_CASE("more query matches win") {
  TableFixture table;
  table.add(make_route(
      "r", {with_query(prefix("/"), "a", "1"), with_query(with_query(prefix("/"), "a", "1"), "b", "2")}));
  CHECK(table.find("h", "/", "GET", {}, "a=1&b=2") == "r/1");
  CHECK(table.find("h", "/", "GET", {}, "a=1") == "r/0");
}

TEST_CASE("a repeated name in the configuration counts once, by its first entry") {
  TableFixture table;
  table.add(make_route(
      "r", {with_header(with_header(prefix("/"), "a", "1"), "a", "2"), with_header(prefix("/"), "a", "1")}));
  CHECK(table.find("h", "/", "GET", {{"a", "1"}}) == "r/0");
}

TEST_CASE("the older route wins a full tie") {
  TableFixture table;
  table.add(make_route("a/a", {prefix("/x")}, 200)).add(make_route("z/z", {prefix("/x")}, 100));
  CHECK(table.find("h", "/x") == "z/z/0");
}

TEST_CASE("routes of one age go by namespace/name") {
  TableFixture table;
  table.add(make_route("b/a", {prefix("/x")}, 100)).add(make_route("a/b", {prefix("/x")}, 100));
  CHECK(table.find("h", "/x") == "a/b/0");
}

TEST_CASE("an unknown age ties with a known one, so the name decides") {
  TableFixture table;
  table.add(make_route("b", {prefix("/x")}, 100)).add(make_route("a", {prefix("/x")}, 0));
  CHECK(table.find("h", "/x") == "a/0");
  TableFixture other;
  other.add(make_route("a", {prefix("/x")}, 100)).add(make_route("b", {prefix("/x")}, 0));
  CHECK(other.find("h", "/x") == "a/0");
}

TEST_CASE("one unknown age among equals makes all of them go by name") {
  TableFixture table;
  table.add(make_route("c", {prefix("/x")}, 3))
      .add(make_route("a", {with_header(prefix("/x"), "never", "1")}, 5))
      .add(make_route("b", {prefix("/x")}, 0))
      .add(make_route("a", {prefix("/x")}, 9));
  CHECK(table.find("h", "/x") == "a/0");
}

TEST_CASE("an unknown age elsewhere leaves the order of known ages alone") {
  TableFixture table;
  table.add(make_route("a", {prefix("/x")}, 200))
      .add(make_route("b", {prefix("/x")}, 100))
      .add(make_route("c", {prefix("/y")}, 0));
  CHECK(table.find("h", "/x") == "b/0");
}

TEST_CASE("the first of two equal rules of a route wins, though it has no usable backend") {
  auto route = make_route("r", {exact("/x"), exact("/x")});
  route->rules[0].backends[0].cluster.clear();
  route->rules[0].backends[0].error_status = 500;
  ir::Listener listener;
  listener.routes.push_back({route, {}});
  Ids clusters;
  Ids metrics;
  const auto table = compile(listener, {clusters, metrics});
  const auto match = table->find({"h", "/x", "", "GET", {}});
  REQUIRE(match);
  CHECK(match->rule->rule_index == 0);
  CHECK(match->rule->targets[0].cluster == kNoCluster);
  CHECK(match->rule->targets[0].backend->error_status == 500);
}

TEST_CASE("the same header conditions in another order tie, so the earlier rule wins") {
  TableFixture table;
  table.add(make_route("r", {with_header(with_header(exact("/x"), "a", "1"), "b", "2"),
                             with_header(with_header(exact("/x"), "b", "2"), "a", "1")}));
  CHECK(table.find("h", "/x", "GET", {{"b", "2"}, {"a", "1"}}) == "r/0");
}

TEST_CASE("matches of one rule are alternatives, and the one that held is reported") {
  auto route = make_route("r", {exact("/a")});
  route->rules[0].matches.push_back(prefix("/b"));
  ir::Listener listener;
  listener.routes.push_back({route, {}});
  Ids clusters;
  Ids metrics;
  const auto table = compile(listener, {clusters, metrics});
  const auto match = table->find({"h", "/b/c", "", "GET", {}});
  REQUIRE(match);
  CHECK(match->match == &route->rules[0].matches[1]);
  CHECK(match->rule->rule == &route->rules[0]);
  CHECK(match->rule->route == route.get());
}

TEST_CASE("a rule without matches takes every path") {
  auto route = make_route("r", {exact("/a")});
  route->rules[0].matches.clear();
  TableFixture table;
  table.add(route);
  CHECK(table.find("h", "/any/thing") == "r/0");
}
