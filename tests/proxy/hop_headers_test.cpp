// SPDX-License-Identifier: Apache-2.0
// H1: what ends at the gateway.
#include "proxy/http/hop_headers.h"

#include <catch2/catch.hpp>

#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::http;
using gatehouse::http::test::fields_of;
using gatehouse::http::test::text_of;

namespace {

std::string left_of(const std::vector<std::string_view>& lines, Trailers trailers = Trailers::dropped) {
  auto fields = fields_of(lines);
  remove_hop_fields(fields, trailers);
  return text_of(fields);
}

}  // namespace

TEST_CASE("H1: hop-by-hop fields are removed, the others keep their order") {
  CHECK(left_of({"Host: a", "Connection: keep-alive", "B: 1", "Keep-Alive: 5", "Proxy-Connection: close",
                 "Transfer-Encoding: chunked", "B: 2", "Upgrade: h2c", "HTTP2-Settings: x", "Trailer: T",
                 "TE: gzip", "C: 3"}) == "Host: a|B: 1|B: 2|C: 3");
  CHECK(left_of({"A: 1", "B: 2"}) == "A: 1|B: 2");
  CHECK(left_of({}) == "");
}

TEST_CASE("H1: fields that any Connection line names are removed, in any case") {
  CHECK(left_of({"X-Hop: 1", "Connection: close, x-hop", "A: 1", "connection: ,x-OTHER ,,", "X-Other: 2",
                 "X-Hop: 3", "X-Hopp: 4"}) == "A: 1|X-Hopp: 4");
  CHECK(left_of({"Cookie: 1", "Connection: Cookie"}) == "");
}

TEST_CASE("H1: Connection cannot name what the gateway adds or needs") {
  CHECK(left_of({"Connection: Host, Content-Length, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, "
                 "X-Forwarded-Port, X-Real-IP, X-Request-Id, Forwarded, Via, Date",
                 "Host: a", "Content-Length: 1", "X-Forwarded-For: b", "X-Forwarded-Proto: c",
                 "X-Forwarded-Host: d", "X-Forwarded-Port: e", "X-Real-IP: f", "X-Request-Id: g",
                 "Forwarded: h", "Via: i", "Date: j"}) ==
        "Host: a|Content-Length: 1|X-Forwarded-For: b|X-Forwarded-Proto: c|X-Forwarded-Host: d|"
        "X-Forwarded-Port: e|X-Real-IP: f|X-Request-Id: g|Forwarded: h|Via: i|Date: j");
}

TEST_CASE("H1: TE is brought down to trailers") {
  CHECK(left_of({"TE: trailers"}) == "TE: trailers");
  CHECK(left_of({"te: gzip;q=0.5, Trailers", "A: 1"}) == "te: trailers|A: 1");
  CHECK(left_of({"TE: trailers", "TE: trailers"}) == "TE: trailers");
  CHECK(left_of({"TE: trailers", "Connection: TE"}) == "TE: trailers");
  CHECK(left_of({"TE: gzip", "TE:", "TE: trailersx"}) == "");
}

TEST_CASE("H1: Trailer stays where trailers are forwarded") {
  CHECK(left_of({"Trailer: X-Sum"}, Trailers::forwarded) == "Trailer: X-Sum");
  CHECK(left_of({"Trailer: X-Sum"}, Trailers::dropped) == "");
}

TEST_CASE("F10: the names in Connection that stand for fields are found") {
  Arena arena;
  arena.allocate(3);  // the span must be aligned wherever the arena stands
  const auto fields = fields_of({"Connection: keep-alive, X-A", "A: b", "Connection: close,upgrade,TE, x-b"});
  const auto names = connection_names(fields, arena);
  REQUIRE(names.size() == 2);
  CHECK(names[0] == "X-A");
  CHECK(names[1] == "x-b");
  CHECK(connection_names(fields_of({"Connection: keep-alive"}), arena).empty());
}
