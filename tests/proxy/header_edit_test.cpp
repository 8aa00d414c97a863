// SPDX-License-Identifier: Apache-2.0
// The Gateway API's header modifiers on a field list.
#include "proxy/http/header_edit.h"

#include <catch2/catch.hpp>

#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::http;
using gatehouse::http::test::fields_of;
using gatehouse::http::test::text_of;

namespace {

using Lines = std::vector<std::string_view>;

std::string edited(const Lines& lines, const Lines& set, const Lines& add, const Lines& remove) {
  auto fields = fields_of(lines);
  const auto to_set = fields_of(set);
  const auto to_add = fields_of(add);
  const auto to_remove = fields_of(remove);
  Arena arena;
  apply_edit(fields, {to_set, to_add, to_remove}, arena);
  return text_of(fields);
}

}  // namespace

TEST_CASE("set replaces every field of the name, or adds one") {
  CHECK(edited({"A: 1", "x-b: 2", "C: 3", "X-B: 4"}, {"X-B: new"}, {}, {}) == "A: 1|x-b: new|C: 3");
  CHECK(edited({"A: 1"}, {"X-B: new"}, {}, {}) == "A: 1|X-B: new");
  CHECK(edited({"Cookie: 1", "cookie: 2"}, {"COOKIE: new"}, {}, {}) == "Cookie: new");
}

TEST_CASE("add appends to a present value, or adds a field") {
  CHECK(edited({"A: 1", "x-b: old", "C: 3"}, {}, {"X-B: new"}, {}) == "A: 1|x-b: old,new|C: 3");
  CHECK(edited({"X-B: 1", "X-B: 2"}, {}, {"x-b: 3"}, {}) == "X-B: 1|X-B: 2,3");
  CHECK(edited({"A: 1"}, {}, {"X-B: new"}, {}) == "A: 1|X-B: new");
}

TEST_CASE("H6: an added Set-Cookie is never folded into another") {
  CHECK(edited({"Set-Cookie: a=1"}, {}, {"set-cookie: b=2"}, {}) == "Set-Cookie: a=1|set-cookie: b=2");
}

TEST_CASE("remove drops every field of the name, in any case") {
  CHECK(edited({"A: 1", "x-b: 2", "C: 3", "X-B: 4"}, {}, {}, {"X-b", "Nothing"}) == "A: 1|C: 3");
  CHECK(edited({"Authorization: 1"}, {}, {}, {"AUTHORIZATION"}) == "");
}

TEST_CASE("remove comes before set, set before add") {
  CHECK(edited({"A: 1", "B: 2"}, {"A: new"}, {"A: more"}, {"A"}) == "B: 2|A: new,more");
}

TEST_CASE("H3: framing, hop-by-hop fields and Host are not editable") {
  const Lines names = {
      "Host: x", "Content-Length: 9", "Transfer-Encoding: x", "Connection: x",       "Upgrade: x",
      "TE: x",   "Trailer: x",        "Keep-Alive: x",        "Proxy-Connection: x", "HTTP2-Settings: x"};
  CHECK(edited({"Host: a", "Content-Length: 5"}, names, {}, {}) == "Host: a|Content-Length: 5");
  CHECK(edited({"Host: a", "Content-Length: 5"}, {}, names, {}) == "Host: a|Content-Length: 5");
  CHECK(edited({"Host: a", "Content-Length: 5"}, {}, {}, names) == "Host: a|Content-Length: 5");
}

TEST_CASE("an empty edit says so") {
  CHECK(HeaderEdit{}.empty());
  const auto fields = fields_of({"A: 1"});
  CHECK_FALSE(HeaderEdit{{}, {}, fields}.empty());
}
