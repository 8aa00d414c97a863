// SPDX-License-Identifier: Apache-2.0
// RequestMirror: the share that is copied, and the copy.
#include "proxy/filters/mirror.h"

#include <catch2/catch.hpp>

#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::proxy;
using gatehouse::http::test::fields_of;
using gatehouse::http::test::text_of;

namespace {

std::uint32_t share_of(const ir::Mirror& mirror, std::uint32_t rounds) {
  const http::RequestHead head;
  std::uint32_t count = 0;
  for (std::uint64_t dice = 0; dice < rounds; ++dice) count += takes_part(mirror, head, dice) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("a mirror takes its exact share of evenly spread dice") {
  CHECK(share_of({"c", 100, 100}, 1000) == 1000);
  CHECK(share_of({"c", 20, 100}, 1000) == 200);
  CHECK(share_of({"c", 25, 50}, 1000) == 500);
  CHECK(share_of({"c", 1, 3}, 999) == 333);
  CHECK(share_of({"c", 0, 100}, 1000) == 0);
  CHECK(share_of({"c", 7, 5}, 1000) == 1000);
}

TEST_CASE("a mirror without a cluster, and a tunnel, have no copies") {
  CHECK(share_of({"", 100, 100}, 10) == 0);
  http::RequestHead upgrade;
  upgrade.upgrade = "websocket";
  CHECK_FALSE(takes_part({"c", 100, 100}, upgrade, 0));
}

TEST_CASE("a copy is the request, but nobody waits for a 100 to it") {
  http::RequestHead head;
  head.method_name = "POST";
  head.authority = "a.test";
  head.path = "/foo";
  head.query = "q";
  head.has_query = true;
  head.expects_continue = true;
  head.fields = fields_of({"A: 1", "Expect: 100-continue", "B: 2"});
  http::RequestHead copy;
  write_mirror(copy, head, {http::BodyKind::length, 5, true});
  CHECK(copy.method_name == "POST");
  CHECK(copy.authority == "a.test");
  CHECK(copy.path == "/foo");
  CHECK(copy.query == "q");
  CHECK_FALSE(copy.expects_continue);
  CHECK(copy.framing.length == 5);
  CHECK(text_of(copy.fields) == "A: 1|B: 2");
  CHECK(text_of(head.fields) == "A: 1|Expect: 100-continue|B: 2");
}
