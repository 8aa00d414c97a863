// SPDX-License-Identifier: Apache-2.0
// F, U and H rules on request heads: what must be refused, and what the accepted ones become.
#include "proxy/http/request_rules.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::http;
using gatehouse::http::test::request;
using gatehouse::http::test::text_of;

namespace {

/// 0 when accepted.
int verdict(RequestHead& head, const RequestRules& rules = {}) {
  Arena arena;
  const auto rejection = check_request(head, rules, arena);
  if (rejection) CHECK_FALSE(rejection->reason.empty());
  return rejection ? rejection->status : 0;
}

struct Case {
  std::string_view rule;
  std::string_view method, target;
  std::uint8_t minor_version;
  std::vector<std::string_view> lines;
  int status;
};

void run(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    auto head = request(c.method, c.target, c.lines, c.minor_version);
    INFO(c.rule << " " << c.method << " " << c.target << " " << text_of(head.fields));
    CHECK(verdict(head) == c.status);
  }
}

Case post(std::string_view rule, std::vector<std::string_view> lines, int status, std::uint8_t minor = 1) {
  lines.insert(lines.begin(), "Host: a");
  return {rule, "POST", "/", minor, std::move(lines), status};
}

Case get(std::string_view rule, std::string_view target, int status) {
  return {rule, "GET", target, 1, {"Host: a"}, status};
}

Case host(std::string_view value_line, int status) {
  return {"U1", "GET", "/", 1, {value_line}, status};
}

}  // namespace

TEST_CASE("F1-F4: Transfer-Encoding is exactly chunked, alone, in HTTP/1.1") {
  run({
      post("F1", {"Content-Length: 5", "Transfer-Encoding: chunked"}, 400),
      post("F1", {"Transfer-Encoding: chunked", "Content-Length: 5"}, 400),
      post("F1", {"Transfer-Encoding: xchunked", "Content-Length: 5"}, 400),
      post("F2", {"Transfer-Encoding: xchunked"}, 501),
      post("F2", {"Transfer-Encoding: identity"}, 501),
      post("F2", {"Transfer-Encoding: gzip"}, 501),
      post("F2", {"Transfer-Encoding:"}, 400),
      post("F2", {"Transfer-Encoding: \"chunked\""}, 400),
      post("F2", {"Transfer-Encoding: 'chunked'"}, 501),
      post("F2", {"Transfer-Encoding: chunked, identity"}, 400),
      post("F2", {"Transfer-Encoding: chunked chunked"}, 400),
      post("F2", {"Transfer-Encoding: \vchunked"}, 400),
      post("F2", {"Transfer-Encoding: chunked\xc2\xa0"}, 400),
      post("F2", {"Transfer-Encoding: gzip", "Transfer-Encoding: chunked"}, 400),
      post("F2", {"Transfer-Encoding: chunked", "Transfer-Encoding: identity"}, 400),
      post("F3", {"Transfer-Encoding: chunked", "Transfer-Encoding: chunked"}, 400),
      post("F3", {"Transfer-Encoding: chunked, chunked"}, 400),
      post("F3", {"Transfer-Encoding: gzip, chunked"}, 400),
      post("F3", {"Transfer-Encoding: ,chunked"}, 400),
      post("F3", {"Transfer-Encoding: chunked,"}, 400),
      post("F3", {"Transfer-Encoding: chunked;q=1"}, 400),
      post("F4", {"Transfer-Encoding: chunked"}, 400, 0),
      post("F4", {"Transfer-Encoding: chunked", "Connection: keep-alive"}, 400, 0),
      post("ok", {"Transfer-Encoding: chunked"}, 0),
      post("ok", {"transfer-encoding: CHUNKED"}, 0),
  });
}

TEST_CASE("F5, F6: Content-Length is one number of digits") {
  run({
      post("F5", {"Content-Length:"}, 400),
      post("F5", {"Content-Length: +5"}, 400),
      post("F5", {"Content-Length: -5"}, 400),
      post("F5", {"Content-Length: 0x5"}, 400),
      post("F5", {"Content-Length: 5 5"}, 400),
      post("F5", {"Content-Length: 5a"}, 400),
      post("F5", {"Content-Length: 5.0"}, 400),
      post("F5", {"Content-Length: 1e3"}, 400),
      post("F5", {"Content-Length: 1_000"}, 400),
      post("F5", {"Content-Length: 5,6"}, 400),
      post("F5", {"Content-Length: 5,"}, 400),
      post("F5", {"Content-Length: ,5"}, 400),
      post("F5", {"Content-Length: 5;"}, 400),
      post("F5", {"Content-Length: \"5\""}, 400),
      post("F5", {"Content-Length: 5\xc2\xa0"}, 400),
      post("F5", {std::string_view("Content-Length: 5\0", 18)}, 400),
      post("F5", {"Content-Length: 9223372036854775808"}, 400),
      post("F5", {"Content-Length: 18446744073709551616"}, 400),
      post("F5", {"Content-Length: 99999999999999999999999999"}, 400),
      post("F6", {"Content-Length: 5", "Content-Length: 6"}, 400),
      post("F6", {"Content-Length: 5", "Content-Length: 5"}, 400),
      post("F6", {"Content-Length: 5, 5"}, 400),
      post("F6", {"Content-Length: 5", "Content-Length:"}, 400),
      post("ok", {"Content-Length: 5"}, 0),
      post("ok", {"Content-Length: 0"}, 0),
      post("ok", {"Content-Length: 9223372036854775807"}, 0),
  });
}

TEST_CASE("F11-F13: names are tokens, values hold no control characters") {
  run({
      post("F11", {"A: b\rc"}, 400),
      post("F11", {"A: b\nc"}, 400),
      post("F11", {"A: b\x01"}, 400),
      post("F11", {"A: \x7f"}, 400),
      post("F11", {"A: 0123456789abcdef\x1b 0123456789"}, 400),
      post("F11", {std::string_view("A: b\0c", 6)}, 400),
      post("F11", {std::string_view("Cookie: 1234567890\0", 19)}, 400),
      post("F12", {"A : b"}, 400),
      post("F12", {"A\t: b"}, 400),
      post("F12", {" A: b"}, 400),
      post("F12", {": b"}, 400),
      post("F12", {"A(: b"}, 400),
      post("F12", {"A\"b: c"}, 400),
      post("F12", {"A/b: c"}, 400),
      post("F12", {"A\xc3\xa9: c"}, 400),
      post("F12", {"Content-Length : 5"}, 400),
      post("F12", {"Transfer-Encoding : chunked"}, 400),
      post("ok", {"A: b\tc"}, 0),
      post("ok", {"A: caf\xc3\xa9"}, 0),
      post("ok", {"A:"}, 0),
      post("ok", {"!#$%&'*+-.^`|~: x"}, 0),
  });
}

TEST_CASE("F13: underscores in names are dropped, refused or let through") {
  const std::vector<std::string_view> lines = {"Host: a", "X_Forwarded_For: 1", "B: 2", "Content_Length: 5"};
  auto dropped = request("GET", "/", lines);
  CHECK(verdict(dropped) == 0);
  CHECK(text_of(dropped.fields) == "Host: a|B: 2");

  RequestRules rules;
  rules.underscores = Underscores::reject;
  auto refused = request("GET", "/", lines);
  CHECK(verdict(refused, rules) == 400);

  rules.underscores = Underscores::allow;
  auto allowed = request("GET", "/", lines);
  CHECK(verdict(allowed, rules) == 0);
  CHECK(allowed.fields.size() == 4);
}

TEST_CASE("F13: a dropped name still may not carry a broken value") {
  auto head = request("GET", "/", {"Host: a", "X_Y: a\rb"});
  CHECK(verdict(head) == 400);
}

TEST_CASE("F17: methods are tokens; CONNECT and TRACE are not served") {
  run({
      {"F17", "CONNECT", "a:443", 1, {"Host: a:443"}, 405},
      {"F17", "TRACE", "/", 1, {"Host: a"}, 405},
      {"F17", "G T", "/", 1, {"Host: a"}, 400},
      {"F17", "", "/", 1, {"Host: a"}, 400},
      {"F17", "GET\t", "/", 1, {"Host: a"}, 400},
      {"F17", "G(T", "/", 1, {"Host: a"}, 400},
      {"F17", "PROPFIND", "/", 1, {"Host: a"}, 0},
      {"F17", "get", "/", 1, {"Host: a"}, 0},
  });
  CHECK(method_of("GET") == Method::get);
  CHECK(method_of("get") == Method::other);
  CHECK(method_of("HEAD") == Method::head);
  CHECK(method_of("POST") == Method::post);
  CHECK(method_of("PUT") == Method::put);
  CHECK(method_of("PATCH") == Method::patch);
  CHECK(method_of("DELETE") == Method::delete_);
  CHECK(method_of("OPTIONS") == Method::options);
  CHECK(method_of("CONNECT") == Method::connect);
  CHECK(method_of("TRACE") == Method::trace);
  CHECK(method_of("PROPFIND") == Method::other);
}

TEST_CASE("F18: too many fields are 431, too long a target is 414") {
  RequestRules rules;
  rules.max_header_count = 3;
  rules.max_uri_bytes = 10;
  auto many = request("GET", "/", {"Host: a", "B: 1", "C: 2", "D: 3"});
  CHECK(verdict(many, rules) == 431);
  auto enough = request("GET", "/", {"Host: a", "B: 1", "C: 2"});
  CHECK(verdict(enough, rules) == 0);
  auto longer = request("GET", "/234567890a", {"Host: a"});
  CHECK(verdict(longer, rules) == 414);
  auto fits = request("GET", "/234567890", {"Host: a"});
  CHECK(verdict(fits, rules) == 0);

  const std::string field = "X-Big: " + std::string(6000, 'x');
  const std::string target = "/" + std::string(8000, 'x');
  auto large = request("GET", target, {"Host: a", field});
  CHECK(verdict(large) == 0);
}

TEST_CASE("U1: there is one valid Host") {
  run({
      {"U1 missing", "GET", "/", 1, {}, 400},
      {"U1 missing, absolute", "GET", "http://a/", 1, {}, 400},
      {"U1 two", "GET", "/", 1, {"Host: a", "Host: b"}, 400},
      {"U1 two equal", "GET", "/", 1, {"Host: a", "host: a"}, 400},
      {"U1 two in 1.0", "GET", "/", 0, {"Host: a", "Host: a"}, 400},
      {"U1 invalid beside absolute", "GET", "http://a/", 1, {"Host: b@c"}, 400},
      {"U1 none in 1.0", "GET", "/", 0, {}, 0},
      host("Host:", 400),
      host("Host: a b", 400),
      host("Host: a/b", 400),
      host("Host: a@b", 400),
      host("Host: a?b", 400),
      host("Host: a#b", 400),
      host("Host: a\\b", 400),
      host("Host: a,b", 400),
      host("Host: a:b", 400),
      host("Host: a:80:80", 400),
      host("Host: a:-1", 400),
      host("Host: a:65536", 400),
      host("Host: [::1", 400),
      host("Host: ::1", 400),
      host("Host: a\x01", 400),
      host("Host: a\xc3\xa9", 400),
      host("Host: http://a", 400),
      host("Host: a:80", 0),
      host("Host: [::1]:80", 0),
  });
}

TEST_CASE("U2, U3: only origin-form, absolute-form of http, and OPTIONS * are targets") {
  run({
      get("U2", "http://", 400),
      get("U2", "http:///x", 400),
      get("U2", "http://:80/", 400),
      get("U2", "http://user@a/", 400),
      get("U2", "http://user:pw@a/", 400),
      get("U2", "http://a:b/", 400),
      get("U2", "http://a\\b/", 400),
      get("U2", "ftp://a/", 400),
      get("U2", "file:///etc/passwd", 400),
      get("U2", "ws://a/", 400),
      get("U2", "http:/a", 400),
      get("U2", "http:a", 400),
      get("U2", "//", 0),
      get("U3", "", 400),
      get("U3", "x", 400),
      get("U3", "?x", 400),
      get("U3", "#frag", 400),
      get("U3", "/a#frag", 400),
      get("U3", "/a?b#frag", 400),
      get("U3", "http://a#b", 400),
      get("U3", "*", 400),
      get("U3", "a:443", 400),
      get("U3", "/a b", 400),
      get("U3", "/a?b c", 400),
      get("U3", "/a?b\x7f", 400),
      get("U3", "/a\x01", 400),
      get("U3", "/caf\xc3\xa9", 400),
      get("U3", "/?caf\xc3\xa9", 400),
      get("U3", std::string_view("/a\0", 3), 400),
      get("U5", "/..", 400),
      get("U5", "/a/%2e%2e/%2e%2e/b", 400),
      get("U5", "/%zz", 400),
      get("U5", "http://a/../b", 400),
      get("U6", "/%00", 400),
      {"U3", "OPTIONS", "*", 1, {"Host: a"}, 0},
      {"U3", "OPTIONS", "*x", 1, {"Host: a"}, 400},
  });
}
