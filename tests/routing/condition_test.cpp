// SPDX-License-Identifier: Apache-2.0
// Header, query and method conditions.
#include <catch2/catch.hpp>

#include "tests/routing/table_builder.h"

using namespace gatehouse;
using namespace gatehouse::routing;
using namespace gatehouse::routing::testing;

namespace {

constexpr auto kRegex = ir::ValueMatchKind::regex;

bool header_holds(const std::string& name, const std::string& value, ir::ValueMatchKind kind,
                  std::vector<HeaderField> headers) {
  TableFixture table;
  table.add(make_route("r", {with_header(prefix("/"), name, value, kind)}));
  return table.find("h", "/", "GET", std::move(headers)) == "r/0";
}

bool query_holds(const std::string& name, const std::string& value, ir::ValueMatchKind kind,
                 std::string_view query) {
  TableFixture table;
  table.add(make_route("r", {with_query(prefix("/"), name, value, kind)}));
  return table.find("h", "/", "GET", {}, query) == "r/0";
}

}  // namespace

TEST_CASE("a method condition is case-sensitive") {
  TableFixture table;
  table.add(make_route("r", {with_method(prefix("/"), "GET")}));
  CHECK(table.find("h", "/", "GET") == "r/0");
  CHECK(table.find("h", "/", "get") == "none");
  CHECK(table.find("h", "/", "POST") == "none");
}

TEST_CASE("header names match in any case, values exactly") {
  const auto holds = [](std::vector<HeaderField> headers) {
    return header_holds("x-version", "Two", ir::ValueMatchKind::exact, std::move(headers));
  };
  CHECK(holds({{"X-VERSION", "Two"}}));
  CHECK(holds({{"other", "x"}, {"x-version", "Two"}}));
  CHECK_FALSE(holds({{"x-version", "two"}}));
  CHECK_FALSE(holds({{"x-version", "Two2"}}));
  CHECK_FALSE(holds({{"x-version", "Tw"}}));
  CHECK_FALSE(holds({{"x-versions", "Two"}}));
  CHECK_FALSE(holds({}));
}

TEST_CASE("a repeated header is compared as its values joined by a comma") {
  const auto holds = [](const std::string& value, std::vector<HeaderField> headers) {
    return header_holds("a", value, ir::ValueMatchKind::exact, std::move(headers));
  };
  CHECK(holds("1,2", {{"a", "1"}, {"b", "x"}, {"A", "2"}}));
  CHECK(holds("1,2,3", {{"a", "1,2"}, {"a", "3"}}));
  CHECK(holds(",", {{"a", ""}, {"a", ""}}));
  CHECK(holds("", {{"a", ""}}));
  CHECK_FALSE(holds("1", {{"a", "1"}, {"a", "2"}}));
  CHECK_FALSE(holds("12", {{"a", "1"}, {"a", "2"}}));
  CHECK_FALSE(holds("1,2", {{"a", "1"}}));
  CHECK_FALSE(holds("", {}));
}

TEST_CASE("a header regex must match the whole value, of a repeated header the joined one") {
  const auto holds = [](const std::string& value, std::vector<HeaderField> headers) {
    return header_holds("a", value, kRegex, std::move(headers));
  };
  CHECK(holds("v[0-9]+", {{"a", "v12"}}));
  CHECK_FALSE(holds("v[0-9]+", {{"a", "xv12"}}));
  CHECK_FALSE(holds("v[0-9]+", {{"a", "v12"}, {"a", "v13"}}));
  CHECK(holds("v1,v2", {{"a", "v1"}, {"b", "-"}, {"a", "v2"}}));
  CHECK(holds(",,x", {{"a", ""}, {"a", ""}, {"a", "x"}}));
  CHECK_FALSE(holds(".*", {}));
}

TEST_CASE("a repeated header too long to be joined fails a regex") {
  const std::string half(kMaxBuiltSubject / 2, 'x');
  CHECK_FALSE(header_holds("a", ".*", kRegex, {{"a", half}, {"a", half}}));
  CHECK(header_holds("a", ".*", kRegex, {{"a", half}, {"a", std::string_view(half).substr(1)}}));
}

TEST_CASE("query names and values are case-sensitive") {
  const auto holds = [](std::string_view query) {
    return query_holds("Animal", "Whale", ir::ValueMatchKind::exact, query);
  };
  CHECK(holds("Animal=Whale"));
  CHECK(holds("a=b&Animal=Whale&c"));
  CHECK_FALSE(holds("animal=Whale"));
  CHECK_FALSE(holds("Animal=whale"));
  CHECK_FALSE(holds("Animal=Whales"));
  CHECK_FALSE(holds("Animal=Whal"));
  CHECK_FALSE(holds("Animal"));
  CHECK_FALSE(holds(""));
}

TEST_CASE("of a repeated query parameter the first counts") {
  CHECK(query_holds("a", "1", ir::ValueMatchKind::exact, "a=1&a=2"));
  CHECK_FALSE(query_holds("a", "2", ir::ValueMatchKind::exact, "a=1&a=2"));
}

TEST_CASE("query names and values are percent-decoded, plus is a space") {
  CHECK(query_holds("a b", "c&d", ir::ValueMatchKind::exact, "x=1&a+b=c%26d"));
  CHECK(query_holds("a", "100%", ir::ValueMatchKind::exact, "%61=100%"));
  CHECK(query_holds("a", "%zz", ir::ValueMatchKind::exact, "a=%zz"));
  CHECK(query_holds("a", "b=c", ir::ValueMatchKind::exact, "a=b=c"));
  CHECK_FALSE(query_holds("a", "b+c", ir::ValueMatchKind::exact, "a=b+c"));
}

TEST_CASE("a parameter without a value has the empty value") {
  CHECK(query_holds("a", "", ir::ValueMatchKind::exact, "a"));
  CHECK(query_holds("a", "", ir::ValueMatchKind::exact, "b&&a="));
}

TEST_CASE("a query regex sees the decoded value") {
  CHECK(query_holds("q", "[a-z ]+", kRegex, "q=a+b%20c"));
  CHECK(query_holds("q", "[a-z]+", kRegex, "q=abc"));
  CHECK_FALSE(query_holds("q", "[a-z]+", kRegex, "q=a+b"));
  CHECK_FALSE(query_holds("q", "[a-z]+", kRegex, "p=abc"));
}

TEST_CASE("an over-long decoded value fails a query regex") {
  const std::string value = "%41" + std::string(kMaxBuiltSubject, 'x');
  CHECK_FALSE(query_holds("q", ".*", kRegex, "q=" + value));
  CHECK(query_holds("q", ".*", kRegex, "q=" + value.substr(0, kMaxBuiltSubject)));
}

TEST_CASE("all conditions of a match must hold") {
  TableFixture table;
  table.add(make_route("r", {with_query(with_header(with_method(prefix("/"), "GET"), "a", "1"), "b", "2")}));
  CHECK(table.find("h", "/", "GET", {{"a", "1"}}, "b=2") == "r/0");
  CHECK(table.find("h", "/", "PUT", {{"a", "1"}}, "b=2") == "none");
  CHECK(table.find("h", "/", "GET", {{"a", "2"}}, "b=2") == "none");
  CHECK(table.find("h", "/", "GET", {{"a", "1"}}, "b=3") == "none");
}
