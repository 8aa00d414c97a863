// SPDX-License-Identifier: Apache-2.0
// U1, U2, U4: host[:port].
#include "proxy/http/authority.h"

#include <catch2/catch.hpp>
#include <string>

using namespace gatehouse;
using namespace gatehouse::http;

namespace {

struct Good {
  std::string_view text, host;
  int port;
  std::string_view kept;
};

const Good kGood[] = {
    {"example.com", "example.com", 0, "example.com"},
    {"example.com:8080", "example.com", 8080, "example.com:8080"},
    {"Example.COM:80", "example.com", 80, "Example.COM:80"},
    {"example.com.", "example.com", 0, "example.com."},
    {"example.com.:81", "example.com", 81, "example.com.:81"},
    {"localhost:", "localhost", 0, "localhost"},
    {"xn--bcher-kva.example", "xn--bcher-kva.example", 0, "xn--bcher-kva.example"},
    {"pkg.under_score.Grpc", "pkg.under_score.grpc", 0, "pkg.under_score.Grpc"},
    {"10.0.0.1:65535", "10.0.0.1", 65535, "10.0.0.1:65535"},
    {"[::1]", "[::1]", 0, "[::1]"},
    {"[fe80::1]:", "[fe80::1]", 0, "[fe80::1]"},
    {"[2001:DB8::1]:443", "[2001:db8::1]", 443, "[2001:DB8::1]:443"},
    {"[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", 0, "[::ffff:1.2.3.4]"},
};

const std::string_view kBad[] = {
    "",          ":80",         "a b",        "a/b",      "a@b",     "user:pw@a", "a?b",
    "a#b",       "a\\b",        "a\tb",       "a\x7f",    "a\x01",   "a:x",       "a:80:80",
    "a:+80",     "a:-1",        "a: 80",      "a:80 ",    "a:65536", "a:99999",   "a:000080",
    "a:0",       "[::1",        "::1",        "[::1]x",   "[::1]:x", "[::1]]",    "[]",
    "[1.2.3.4]", "[v1.a]",      "[::1%25lo]", "[g::1]",   "a..b",    ".a",        "a..",
    ".",         "..",          "a,b",        "a;b",      "a%2eb",   "*.a.b",     "a\"b",
    "<a>",       "caf\xc3\xa9", "a|b",        "http://a", "a]",      "a[::1]",    "a:80\xc2\xa0",
};

}  // namespace

TEST_CASE("U1, U4: a valid authority is split and its host brought to lower case") {
  Arena arena;
  for (const auto& good : kGood) {
    INFO(good.text);
    const auto authority = parse_authority(good.text, arena);
    REQUIRE(authority);
    CHECK(authority->host == good.host);
    CHECK(authority->port == good.port);
    CHECK(authority->text == good.kept);
  }
}

TEST_CASE("U1: an invalid authority is refused") {
  Arena arena;
  for (const auto text : kBad) {
    INFO(text);
    CHECK_FALSE(parse_authority(text, arena));
  }
  CHECK_FALSE(parse_authority(std::string_view("a\0b", 3), arena));
  CHECK_FALSE(parse_authority(std::string(256, 'a'), arena));
  CHECK(parse_authority(std::string(255, 'a'), arena));
}

TEST_CASE("U4: a host in lower case is a view into the text") {
  Arena arena;
  const std::string text = "demo.example.com:8080";
  const auto authority = parse_authority(text, arena);
  REQUIRE(authority);
  CHECK(authority->host.data() == text.data());
  CHECK(arena.bytes_reserved() == 0);
}
