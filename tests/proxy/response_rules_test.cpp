// SPDX-License-Identifier: Apache-2.0
// F23, F24, B6: what an upstream may answer.
#include "proxy/http/response_rules.h"

#include <catch2/catch.hpp>

#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::http;
using gatehouse::http::test::response;
using gatehouse::http::test::text_of;

namespace {

struct Case {
  std::string_view rule;
  std::uint16_t status;
  std::vector<std::string_view> lines;
  bool accepted;
  std::uint8_t minor_version = 1;
};

Framing framing_of(ResponseHead head, Method method = Method::get) {
  const auto rejection = check_response(head, {method, false, 256});
  INFO((rejection ? rejection->reason : std::string_view{}));
  REQUIRE_FALSE(rejection);
  return head.framing;
}

std::string fields_after(ResponseHead head, Method method = Method::get) {
  REQUIRE_FALSE(check_response(head, {method, false, 256}));
  return text_of(head.fields);
}

}  // namespace

TEST_CASE("B6: an invalid response is refused with 502") {
  const Case cases[] = {
      {"B6", 99, {"Content-Length: 0"}, false},
      {"B6", 0, {"Content-Length: 0"}, false},
      {"B6", 600, {"Content-Length: 0"}, false},
      {"B6", 999, {"Content-Length: 0"}, false},
      {"B6", 599, {"Content-Length: 0"}, true},
      {"F1", 200, {"Content-Length: 5", "Transfer-Encoding: chunked"}, false},
      {"F2", 200, {"Transfer-Encoding: xchunked"}, false},
      {"F2", 200, {"Transfer-Encoding: identity"}, false},
      {"F2", 200, {"Transfer-Encoding: gzip, chunked"}, false},
      {"F2", 200, {"Transfer-Encoding:"}, false},
      {"F3", 200, {"Transfer-Encoding: chunked", "Transfer-Encoding: chunked"}, false},
      {"F3", 200, {"Transfer-Encoding: chunked,"}, false},
      {"F4", 200, {"Transfer-Encoding: chunked"}, false, 0},
      {"ok", 200, {"Transfer-Encoding: Chunked"}, true},
      {"F5", 200, {"Content-Length: x"}, false},
      {"F5", 200, {"Content-Length: -1"}, false},
      {"F5", 200, {"Content-Length: 5,"}, false},
      {"F5", 200, {"Content-Length: 9223372036854775808"}, false},
      {"F6", 200, {"Content-Length: 5", "Content-Length: 6"}, false},
      {"F6", 200, {"Content-Length: 5, 6"}, false},
      {"F6", 200, {"Content-Length: 5", "Content-Length: 5"}, true},
      {"F11", 200, {"A: b\rc"}, false},
      {"F11", 200, {std::string_view("A: b\0c", 6)}, false},
      {"F12", 200, {"A : b"}, false},
      {"F12", 200, {": b"}, false},
      {"F13", 200, {"a_b: c"}, true},
      {"F24", 101, {"Upgrade: websocket", "Connection: upgrade"}, false},
      {"F24", 100, {}, true},
      {"F24", 103, {"Link: x"}, true},
  };
  for (const auto& c : cases) {
    auto head = response(c.status, c.lines, c.minor_version);
    INFO(c.rule << " " << c.status << " " << text_of(head.fields));
    const auto rejection = check_response(head, {});
    CHECK(rejection.has_value() != c.accepted);
    if (rejection) CHECK(rejection->status == 502);
  }
}

TEST_CASE("B6: the reason phrase and the number of fields are checked too") {
  auto broken = response(200, {"Content-Length: 0"});
  broken.reason = "OK\x01";
  CHECK(check_response(broken, {}));
  auto many = response(200, {"A: 1", "B: 2", "C: 3"});
  CHECK(check_response(many, {Method::get, false, 2}));
  CHECK_FALSE(check_response(many, {Method::get, false, 3}));
}

TEST_CASE("F24: 101 is taken only as the answer to an upgrade, from HTTP/1.1") {
  auto asked = response(101, {"Upgrade: websocket", "Connection: upgrade"});
  CHECK_FALSE(check_response(asked, {Method::get, true, 256}));
  CHECK(asked.framing.kind == BodyKind::none);
  auto old = response(101, {"Upgrade: websocket"}, 0);
  CHECK(check_response(old, {Method::get, true, 256}));
}

TEST_CASE("F23: HEAD, 1xx, 204 and 304 have no body, whatever the fields say") {
  CHECK(framing_of(response(200, {"Content-Length: 5"}), Method::head).kind == BodyKind::none);
  CHECK(framing_of(response(200, {"Transfer-Encoding: chunked"}), Method::head).kind == BodyKind::none);
  CHECK(framing_of(response(204, {"Content-Length: 5"})).kind == BodyKind::none);
  CHECK(framing_of(response(304, {"Content-Length: 5"})).kind == BodyKind::none);
  CHECK(framing_of(response(304, {})).kind == BodyKind::none);
  CHECK(framing_of(response(304, {})).keep_alive);
  CHECK(framing_of(response(100, {})).kind == BodyKind::none);
  const auto both = framing_of(response(204, {"Content-Length: 5", "Transfer-Encoding: chunked"}));
  CHECK(both.kind == BodyKind::none);
  CHECK_FALSE(both.keep_alive);
  CHECK_FALSE(framing_of(response(204, {"Content-Length: x"})).keep_alive);
}

TEST_CASE("B6: the end of a body is its length, its last chunk, or the end of the connection") {
  const auto sized = framing_of(response(200, {"Content-Length: 5"}));
  CHECK(sized.kind == BodyKind::length);
  CHECK(sized.length == 5);
  CHECK(sized.keep_alive);
  const auto chunked = framing_of(response(200, {"Transfer-Encoding: chunked"}));
  CHECK(chunked.kind == BodyKind::chunked);
  CHECK(chunked.keep_alive);
  const auto open = framing_of(response(200, {"Connection: keep-alive"}));
  CHECK(open.kind == BodyKind::until_close);
  CHECK_FALSE(open.keep_alive);
}

TEST_CASE("F27, F29: whether an upstream connection is kept") {
  CHECK_FALSE(framing_of(response(200, {"Content-Length: 5", "Connection: x, close"})).keep_alive);
  CHECK_FALSE(framing_of(response(200, {"Content-Length: 5"}, 0)).keep_alive);
  CHECK(framing_of(response(200, {"Content-Length: 5", "Connection: Keep-Alive"}, 0)).keep_alive);
  CHECK_FALSE(framing_of(response(200, {"Connection: keep-alive"}, 0)).keep_alive);
}

TEST_CASE("F6: one canonical Content-Length is left") {
  CHECK(fields_after(response(200, {"A: 1", "Content-Length: 05", "Content-Length: 5", "B: 2"})) ==
        "A: 1|Content-Length: 5|B: 2");
  CHECK(fields_after(response(200, {"Content-Length: 5, 5 ,5"})) == "Content-Length: 5");
  CHECK(fields_after(response(200, {"Content-Length: 7"}), Method::head) == "Content-Length: 7");
  CHECK(fields_after(response(304, {"Content-Length: 7"})) == "Content-Length: 7");
}

TEST_CASE("F23: no Content-Length is passed on where it is forbidden or not to be believed") {
  CHECK(fields_after(response(204, {"A: 1", "Content-Length: 7"})) == "A: 1");
  CHECK(fields_after(response(103, {"Content-Length: 7", "Link: x"})) == "Link: x");
  CHECK(fields_after(response(200, {"Content-Length: x", "A: 1"}), Method::head) == "A: 1");
  CHECK(fields_after(response(200, {"Content-Length: 7", "Transfer-Encoding: chunked"}), Method::head) ==
        "Transfer-Encoding: chunked");
}

TEST_CASE("F24: an interim response never ends the connection, the final one decides") {
  CHECK(framing_of(response(103, {"Link: x", "Connection: close"})).keep_alive);
  CHECK(framing_of(response(100, {}, 0)).keep_alive);
}
