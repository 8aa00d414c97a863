// SPDX-License-Identifier: Apache-2.0
// U3, U5-U7: the normal form of a path.
#include "proxy/http/normalize_path.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace gatehouse;
using namespace gatehouse::http;

namespace {

std::string normal(std::string_view raw, const PathRules& rules = {}) {
  Arena arena;
  const auto path = normalize_path(raw, rules, arena);
  return path ? std::string(*path) : "refused";
}

struct Case {
  std::string_view rule, raw, expected;
};

const Case kCases[] = {
    {"U5 plain", "/", "/"},
    {"U5 plain", "/a/b/c", "/a/b/c"},
    {"U5 trailing slash", "/a/", "/a/"},
    {"U5 dots inside names", "/index.html", "/index.html"},
    {"U5 dots inside names", "/a..b/..c/d../...", "/a..b/..c/d../..."},
    {"U5 hidden file", "/.well-known/x", "/.well-known/x"},
    {"U5 unreserved", "/%70wned", "/pwned"},
    {"U5 unreserved", "/%41%7a%30%2D%5f%7E", "/Az0-_~"},
    {"U5 hex case", "/a%3ab%c3%a9", "/a%3Ab%C3%A9"},
    {"U5 dot segments", "/x/../pwned", "/pwned"},
    {"U5 dot segments", "/x/./pwned", "/x/pwned"},
    {"U5 dot segments", "/./", "/"},
    {"U5 dot segments", "/.", "/"},
    {"U5 dot segments", "/a/.", "/a/"},
    {"U5 dot segments", "/a/..", "/"},
    {"U5 dot segments", "/a/b/..", "/a/"},
    {"U5 dot segments", "/a/b/../", "/a/"},
    {"U5 dot segments", "/a/b/../../c", "/c"},
    {"U5 escaped dots", "/x/%2e%2e/pwned", "/pwned"},
    {"U5 escaped dots", "/x/%2E./pwned", "/pwned"},
    {"U5 escaped dots", "/x/.%2e/pwned", "/pwned"},
    {"U5 escaped dots", "/%2e/pwned", "/pwned"},
    {"U5 above root", "/..", "refused"},
    {"U5 above root", "/../etc/passwd", "refused"},
    {"U5 above root", "/a/../../b", "refused"},
    {"U5 above root", "/%2e%2e/b", "refused"},
    {"U5 above root", "/./..", "refused"},
    {"U5 bad escape", "/%", "refused"},
    {"U5 bad escape", "/%4", "refused"},
    {"U5 bad escape", "/%zz", "refused"},
    {"U5 bad escape", "/%4/a", "refused"},
    {"U5 bad escape", "/%%41", "refused"},
    {"U5 bad escape", "/%u0041", "refused"},
    {"U5 bad escape", "/a/%+1", "refused"},
    {"U6 NUL", "/a%00b", "refused"},
    {"U6 kept", "/a%2fb", "/a%2Fb"},
    {"U6 kept", "/a%5cb\\c;d=e", "/a%5Cb\\c;d=e"},
    {"U6 kept", "/a/..;/b", "/a/..;/b"},
    {"U6 kept", "/a/..%2fb", "/a/..%2Fb"},
    {"U6 kept", "/a%20b%25c", "/a%20b%25c"},
    {"U6 once", "/%2570wned", "/%2570wned"},
    {"U6 once", "/%252e%252e/b", "/%252e%252e/b"},
    {"U7 kept", "//a///b", "//a///b"},
    {"U7 empty segment is a segment", "//..", "/"},
    {"U7 empty segment is a segment", "/a//../b", "/a/b"},
    {"U3 start", "", "refused"},
    {"U3 start", "a", "refused"},
    {"U3 start", "%2fa", "refused"},
    {"U3 bytes", "/a b", "refused"},
    {"U3 bytes", "/a\tb", "refused"},
    {"U3 bytes", "/a#b", "refused"},
    {"U3 bytes", "/a\x7f", "refused"},
    {"U3 bytes", "/a/b/c/d/e/f/g/\xc3\xa9", "refused"},
    {"U3 bytes", std::string_view("/a\0b", 4), "refused"},
    {"U3 bytes", "/./a b", "refused"},
    {"U3 bytes", "/%41\r", "refused"},
};

}  // namespace

TEST_CASE("a path has one normal form") {
  for (const auto& c : kCases) {
    INFO(c.rule << " " << c.raw);
    CHECK(normal(c.raw) == c.expected);
  }
}

TEST_CASE("U5: a path that is normal already is returned as it is and costs no memory") {
  Arena arena;
  for (const std::string raw : {"/", "/a/b/c", "/index.html", "/a..b/.c", "/a%2Fb%20c", "//x//"}) {
    const auto path = normalize_path(raw, {}, arena);
    REQUIRE(path);
    CHECK(path->data() == raw.data());
    CHECK(path->size() == raw.size());
  }
}

TEST_CASE("U5: a plain path allocates nothing in the arena") {
  Arena arena;
  REQUIRE(normalize_path("/a/plain/path.html", {}, arena));
  CHECK(arena.bytes_reserved() == 0);
}

TEST_CASE("U6: escaped slashes are refused where the listener says so") {
  const PathRules rules{false, EscapedSlashes::reject};
  CHECK(normal("/a%2Fb", rules) == "refused");
  CHECK(normal("/a%2fb", rules) == "refused");
  CHECK(normal("/a%5Cb", rules) == "refused");
  CHECK(normal("/a%252Fb", rules) == "/a%252Fb");
  CHECK(normal("/a/b", rules) == "/a/b");
}

TEST_CASE("U7: slashes are merged where the listener says so") {
  const PathRules rules{true, EscapedSlashes::keep};
  CHECK(normal("//a///b//", rules) == "/a/b/");
  CHECK(normal("//", rules) == "/");
  CHECK(normal("/a//../b", rules) == "/b");
  CHECK(normal("//..", rules) == "refused");
  CHECK(normal("/a/.//b", rules) == "/a/b");
  CHECK(normal("/a/b", rules) == "/a/b");
}

TEST_CASE("U5: normalisation is idempotent and leaves no dot segment") {
  std::mt19937 dice(7);
  const std::string_view pieces[] = {"/",   ".",   "..", "%2e", "%2E", "a",  "%70",
                                     "%2f", "%25", "2e", "\\",  ";",   "%5c"};
  for (int round = 0; round < 20'000; ++round) {
    std::string raw = "/";
    for (auto left = dice() % 12; left > 0; --left) raw += pieces[dice() % std::size(pieces)];
    const PathRules rules{dice() % 2 == 0, EscapedSlashes::keep};
    const auto once = normal(raw, rules);
    if (once == "refused") continue;
    INFO(raw);
    REQUIRE(normal(once, rules) == once);
    REQUIRE(once.front() == '/');
    const auto closed = once + "/";
    REQUIRE(closed.find("/./") == std::string::npos);
    REQUIRE(closed.find("/../") == std::string::npos);
  }
}
