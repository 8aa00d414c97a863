// SPDX-License-Identifier: Apache-2.0
// Paths: exact, by element, by regular expression.
#include <catch2/catch.hpp>

#include "tests/routing/table_builder.h"

using namespace gatehouse;
using namespace gatehouse::routing;
using namespace gatehouse::routing::testing;

TEST_CASE("U8: a prefix matches by path element") {
  TableFixture table;
  table.add(make_route("r", {prefix("/foo")}));
  CHECK(table.find("h", "/foo") == "r/0");
  CHECK(table.find("h", "/foo/") == "r/0");
  CHECK(table.find("h", "/foo/x") == "r/0");
  CHECK(table.find("h", "/foobar") == "none");
  CHECK(table.find("h", "/fo") == "none");
  CHECK(table.find("h", "/") == "none");
}

TEST_CASE("U8: the query takes no part in the path") {
  TableFixture table;
  table.add(make_route("r", {exact("/foo")}));
  CHECK(table.find("h", "/foo", "GET", {}, "/bar") == "r/0");
}

TEST_CASE("the trailing slash of a prefix is ignored") {
  TableFixture table;
  table.add(make_route("r", {prefix("/match/"), prefix("/match")}));
  CHECK(table.find("h", "/match") == "r/0");
  CHECK(table.find("h", "/match/") == "r/0");
  CHECK(table.find("h", "/matches") == "none");
}

TEST_CASE("the prefix / takes every path") {
  TableFixture table;
  table.add(make_route("r", {prefix("/")}));
  CHECK(table.find("h", "/") == "r/0");
  CHECK(table.find("h", "/a//b") == "r/0");
  CHECK(table.find("h", "*", "OPTIONS") == "r/0");
}

TEST_CASE("an exact path is compared byte by byte, case and trailing slash included") {
  TableFixture table;
  table.add(make_route("r", {exact("/one"), exact("/two/")}));
  CHECK(table.find("h", "/one") == "r/0");
  CHECK(table.find("h", "/one/") == "none");
  CHECK(table.find("h", "/ONE") == "none");
  CHECK(table.find("h", "/one/example") == "none");
  CHECK(table.find("h", "/two/") == "r/1");
  CHECK(table.find("h", "/two") == "none");
}

TEST_CASE("the exact path / is the root only") {
  TableFixture table;
  table.add(make_route("r", {exact("/")}));
  CHECK(table.find("h", "/") == "r/0");
  CHECK(table.find("h", "//") == "none");
  CHECK(table.find("h", "/a") == "none");
}

TEST_CASE("U7: an empty path element is an element") {
  TableFixture table;
  table.add(make_route("r", {prefix("/a//b"), prefix("/a/b")}));
  CHECK(table.find("h", "/a//b/c") == "r/0");
  CHECK(table.find("h", "/a/b/c") == "r/1");
  CHECK(table.find("h", "/a///b") == "none");
  CHECK(table.find("h", "//a/b") == "none");
}

TEST_CASE("U5: an escaped slash is data, not a separator") {
  TableFixture table;
  table.add(make_route("r", {prefix("/a/b"), exact("/a%2Fb")}));
  CHECK(table.find("h", "/a%2Fb") == "r/1");
  CHECK(table.find("h", "/a%2Fb/c") == "none");
}

TEST_CASE("equal elements under different parents stay apart") {
  TableFixture table;
  table.add(make_route("r", {exact("/a/x"), exact("/b/x"), exact("/x/x/x")}));
  CHECK(table.find("h", "/a/x") == "r/0");
  CHECK(table.find("h", "/b/x") == "r/1");
  CHECK(table.find("h", "/x/x/x") == "r/2");
  CHECK(table.find("h", "/x/x") == "none");
}

TEST_CASE("a configured path without a leading slash matches nothing") {
  TableFixture table;
  table.add(make_route("r", {exact("a"), prefix("b"), exact("")}));
  CHECK(table.find("h", "a") == "none");
  CHECK(table.find("h", "/a") == "none");
  CHECK(table.find("h", "b") == "none");
  CHECK(table.find("h", "/b") == "none");
}

TEST_CASE("a very deep path meets its longest prefix") {
  TableFixture table;
  table.add(make_route("r", {prefix("/a"), prefix("/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a")}));
  std::string path;
  for (int i = 0; i < 8000; ++i) path += "/a";
  CHECK(table.find("h", path) == "r/1");
  CHECK(table.find("h", path.substr(0, 10)) == "r/0");
}

TEST_CASE("a regular expression must match the whole path") {
  TableFixture table;
  table.add(make_route("r", {regex("/v[0-9]+/x|/y")}));
  CHECK(table.find("h", "/v12/x") == "r/0");
  CHECK(table.find("h", "/y") == "r/0");
  CHECK(table.find("h", "/v12/xx") == "none");
  CHECK(table.find("h", "/z/y") == "none");
}

TEST_CASE("more patterns than are tried one by one keep their order") {
  std::vector<ir::RouteMatch> matches;
  for (int i = 0; i < 40; ++i) matches.push_back(regex("/p" + std::to_string(i) + "/.*"));
  matches.push_back(regex("/p7/long.*"));
  matches.push_back(with_method(regex("/p7/.*"), "POST"));
  matches.push_back(with_header(regex("/p7/longer"), "x", "y"));
  TableFixture table;
  table.add(make_route("r", matches));
  CHECK(table.find("h", "/p39/a") == "r/39");
  CHECK(table.find("h", "/p7/a") == "r/7");
  CHECK(table.find("h", "/p7/a", "POST") == "r/41");
  CHECK(table.find("h", "/p7/longer") == "r/40");
  CHECK(table.find("h", "/p7/longer", "GET", {{"x", "y"}}) == "r/42");
  CHECK(table.find("h", "/p40/a") == "none");
}

TEST_CASE("an invalid pattern costs its own match only") {
  TableFixture fixture;
  fixture.add(
      make_route("r", {regex("/(a"), regex("/a"),
                       with_header(prefix("/b"), "x", "(", ir::ValueMatchKind::regex), prefix("/b")}));
  CHECK(fixture.find("h", "/a") == "r/1");
  CHECK(fixture.find("h", "/b", "GET", {{"x", "("}}) == "r/3");
  CompileStats stats;
  compile(fixture.listener(), fixture.ids(), nullptr, &stats);
  CHECK(stats.invalid_patterns == 2);
}

TEST_CASE("a pattern says why it is invalid") {
  CHECK(Regex("(").error().find("(") != std::string::npos);
  CHECK(Regex("a").error().empty());
  const Regex too_long(std::string(kMaxRegexPattern + 1, 'a'));
  CHECK_FALSE(too_long.is_valid());
  CHECK_FALSE(too_long.matches("a"));
  CHECK(too_long.error() == "the pattern is longer than 65536 bytes");
}

TEST_CASE("an over-long subject matches no pattern") {
  const std::string subject(kMaxRegexSubject + 1, 'a');
  const Regex any(".*");
  CHECK(any.matches(std::string_view(subject).substr(1)));
  CHECK_FALSE(any.matches(subject));
  const std::vector<std::string_view> patterns{".*", "b"};
  const RegexSet set(patterns);
  REQUIRE(set.is_valid());
  CHECK(set.matches("b")->size() == 2);
  CHECK(set.matches("a") == std::vector{0});
  CHECK(set.matches(subject)->empty());
}
