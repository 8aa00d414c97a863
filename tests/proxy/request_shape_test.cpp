// SPDX-License-Identifier: Apache-2.0
// What check_request makes of accepted requests: target, framing, connection, expectation, upgrade.
#include <catch2/catch.hpp>
#include <string>

#include "proxy/http/request_rules.h"
#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::http;
using gatehouse::http::test::request;
using gatehouse::http::test::text_of;

namespace {

/// A request that must pass, with the memory its views need.
struct Accepted {
  Arena arena;
  RequestHead head;
  Accepted(RequestHead from, const RequestRules& rules = {}) : head(std::move(from)) {
    const auto rejection = check_request(head, rules, arena);
    INFO((rejection ? rejection->reason : std::string_view{}));
    REQUIRE_FALSE(rejection);
  }
};

bool keeps_alive(std::uint8_t minor, std::string_view connection, const RequestRules& rules = {},
                 std::string_view method = "GET") {
  return Accepted(request(method, "/", {"Host: a", connection}, minor), rules).head.framing.keep_alive;
}

}  // namespace

TEST_CASE("U4, U5: an origin-form target is split, host and path are normal") {
  const Accepted a(request("GET", "/x/../a%70i?q=%70&r=/../", {"Host: Demo.Example.COM.:8080"}));
  CHECK(a.head.method == Method::get);
  CHECK(a.head.authority == "Demo.Example.COM.:8080");
  CHECK(a.head.host == "demo.example.com");
  CHECK(a.head.path == "/api");
  CHECK(a.head.has_query);
  CHECK(a.head.query == "q=%70&r=/../");
}

TEST_CASE("U3: an empty query is not no query") {
  CHECK(Accepted(request("GET", "/a?", {"Host: a"})).head.has_query);
  CHECK_FALSE(Accepted(request("GET", "/a", {"Host: a"})).head.has_query);
  CHECK(Accepted(request("GET", "/a?b?c", {"Host: a"})).head.query == "b?c");
}

TEST_CASE("U2: the authority of an absolute target replaces Host") {
  const Accepted a(request("GET", "HTTP://Real.example:81/x/./y?z", {"A: b", "Host: fake.example"}));
  CHECK(a.head.authority == "Real.example:81");
  CHECK(a.head.host == "real.example");
  CHECK(a.head.path == "/x/y");
  CHECK(a.head.query == "z");
  CHECK(text_of(a.head.fields) == "A: b|Host: Real.example:81");
}

TEST_CASE("U2: the path of an absolute target may be missing") {
  CHECK(Accepted(request("GET", "http://a", {"Host: a"})).head.path == "/");
  CHECK(Accepted(request("GET", "https://a?q", {"Host: a"})).head.path == "/");
  CHECK(Accepted(request("GET", "https://a?q", {"Host: a"})).head.query == "q");
  CHECK(Accepted(request("OPTIONS", "http://a", {"Host: a"})).head.path == "*");
  CHECK(Accepted(request("OPTIONS", "http://a/", {"Host: a"})).head.path == "/");
  CHECK(Accepted(request("GET", "http://a/", {}, 0)).head.host == "a");
}

TEST_CASE("U3: OPTIONS * keeps its target") {
  const Accepted a(request("OPTIONS", "*", {"Host: a"}));
  CHECK(a.head.path == "*");
  CHECK(a.head.host == "a");
}

TEST_CASE("derived members of a reused head are all written again") {
  Arena arena;
  auto head = request("GET", "http://a/x?y", {"Host: b", "Connection: upgrade", "Upgrade: websocket"});
  REQUIRE_FALSE(check_request(head, {}, arena));
  REQUIRE(head.upgrade == "websocket");
  const auto plain = request("GET", "/", {}, 0);
  head.target = plain.target;
  head.minor_version = 0;
  head.fields = plain.fields;
  REQUIRE_FALSE(check_request(head, {}, arena));
  CHECK(head.authority.empty());
  CHECK(head.host.empty());
  CHECK(head.query.empty());
  CHECK_FALSE(head.has_query);
  CHECK(head.upgrade.empty());
  CHECK_FALSE(head.framing.keep_alive);
}

TEST_CASE("F5, F21, F22: the body of a request is framed or absent, never close-delimited") {
  const Accepted none(request("GET", "/", {"Host: a"}));
  CHECK(none.head.framing.kind == BodyKind::none);

  const Accepted sized(request("DELETE", "/", {"Host: a", "Content-Length: 0012"}));
  CHECK(sized.head.framing.kind == BodyKind::length);
  CHECK(sized.head.framing.length == 12);
  CHECK(text_of(sized.head.fields) == "Host: a|Content-Length: 12");

  const Accepted zero(request("POST", "/", {"Host: a", "Content-Length: 000"}));
  CHECK(zero.head.framing.kind == BodyKind::length);
  CHECK(zero.head.framing.length == 0);
  CHECK(text_of(zero.head.fields) == "Host: a|Content-Length: 0");

  const Accepted chunked(request("POST", "/", {"Host: a", "Transfer-Encoding: Chunked"}));
  CHECK(chunked.head.framing.kind == BodyKind::chunked);
  CHECK(chunked.head.framing.length == 0);

  const Accepted old(request("POST", "/", {"Host: a"}, 0));
  CHECK(old.head.framing.kind == BodyKind::none);
  CHECK_FALSE(old.head.framing.keep_alive);
}

TEST_CASE("F27, F29: who keeps the connection") {
  CHECK(keeps_alive(1, "A: b"));
  CHECK(keeps_alive(1, "Connection: keep-alive"));
  CHECK_FALSE(keeps_alive(1, "Connection: close"));
  CHECK_FALSE(keeps_alive(1, "Connection: CLOSE"));
  CHECK_FALSE(keeps_alive(1, "Connection: keep-alive, x , Close"));
  CHECK(keeps_alive(1, "Connection: closed"));
  CHECK_FALSE(keeps_alive(0, "A: b"));
  CHECK_FALSE(keeps_alive(0, "Connection: keep-alive"));

  RequestRules rules;
  rules.http10_keep_alive = true;
  CHECK(keeps_alive(0, "Connection: Keep-Alive", rules));
  CHECK_FALSE(keeps_alive(0, "A: b", rules));
  CHECK_FALSE(keeps_alive(0, "Connection: keep-alive, close", rules));
  CHECK_FALSE(keeps_alive(0, "Connection: keep-alive", rules, "POST"));
}

TEST_CASE("F27: too many connection options are refused") {
  std::string line = "Connection: close";
  for (int i = 0; i < 31; ++i) line += ", x";
  CHECK_FALSE(Accepted(request("GET", "/", {"Host: a", line})).head.framing.keep_alive);
  line += ", x";
  auto head = request("GET", "/", {"Host: a", line});
  Arena arena;
  const auto rejection = check_request(head, {}, arena);
  REQUIRE(rejection);
  CHECK(rejection->status == 400);
}

TEST_CASE("F25: only 100-continue before a body of an HTTP/1.1 request is an expectation") {
  const auto expects = [](std::string_view expect, std::string_view framing, std::uint8_t minor = 1) {
    return Accepted(request("POST", "/", {"Host: a", expect, framing}, minor)).head.expects_continue;
  };
  CHECK(expects("Expect: 100-continue", "Content-Length: 5"));
  CHECK(expects("expect: 100-Continue", "Transfer-Encoding: chunked"));
  CHECK_FALSE(expects("Expect: 100-continue", "Content-Length: 0"));
  CHECK_FALSE(expects("Expect: 100-continue", "A: b"));
  CHECK_FALSE(expects("Expect: y 100-continue", "Content-Length: 5"));
  CHECK_FALSE(expects("Expect: 100-continue, y", "Content-Length: 5"));
  CHECK_FALSE(expects("Expect: 100-continue", "Content-Length: 5", 0));
}

TEST_CASE("F25: an unknown expectation is forwarded and changes no framing") {
  const Accepted a(request("POST", "/", {"Host: a", "Expect: y 100-continue", "Content-Length: 5"}));
  CHECK(text_of(a.head.fields) == "Host: a|Expect: y 100-continue|Content-Length: 5");
  CHECK(a.head.framing.length == 5);
}

TEST_CASE("F25: the expectation of an HTTP/1.0 client is not passed on") {
  const Accepted a(request("POST", "/", {"Host: a", "Expect: 100-continue", "Content-Length: 5"}, 0));
  CHECK(text_of(a.head.fields) == "Host: a|Content-Length: 5");
}

TEST_CASE("H4: only a websocket upgrade of an HTTP/1.1 GET without a body is one") {
  const auto upgrade = [](std::string_view method, std::vector<std::string_view> lines,
                          std::uint8_t minor = 1) {
    lines.insert(lines.begin(), "Host: a");
    return std::string(Accepted(request(method, "/", lines, minor)).head.upgrade);
  };
  CHECK(upgrade("GET", {"Connection: Upgrade", "Upgrade: WebSocket"}) == "websocket");
  CHECK(upgrade("GET", {"Connection: keep-alive, Upgrade", "Upgrade: websocket"}) == "websocket");
  CHECK(upgrade("GET", {"Connection: upgrade", "Upgrade: h2c, websocket"}) == "websocket");
  CHECK(upgrade("GET", {"Connection: upgrade", "Upgrade: websocket", "Content-Length: 0"}) == "websocket");
  CHECK(upgrade("GET", {"Upgrade: websocket"}).empty());
  CHECK(upgrade("GET", {"Connection: upgrade"}).empty());
  CHECK(upgrade("GET", {"Connection: upgrade", "Upgrade: h2c"}).empty());
  CHECK(upgrade("GET", {"Connection: upgrade", "Upgrade: websockets"}).empty());
  CHECK(upgrade("POST", {"Connection: upgrade", "Upgrade: websocket"}).empty());
  CHECK(upgrade("GET", {"Connection: upgrade", "Upgrade: websocket"}, 0).empty());
  CHECK(upgrade("GET", {"Connection: upgrade", "Upgrade: websocket", "Content-Length: 5"}).empty());
  CHECK(upgrade("GET", {"Connection: upgrade", "Upgrade: websocket", "Transfer-Encoding: chunked"}).empty());
}

TEST_CASE("an ordinary request costs no memory") {
  const Accepted a(
      request("GET", "/api/v1/items/42?x=1",
              {"Host: demo.example.com", "User-Agent: curl/8.0", "Accept: */*", "Connection: keep-alive"}));
  CHECK(a.arena.bytes_reserved() == 0);
}
