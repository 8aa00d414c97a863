// SPDX-License-Identifier: Apache-2.0
// ASCII text as HTTP uses it.
#include "base/text.h"

#include <catch2/catch.hpp>

#include <vector>

namespace gatehouse {
namespace {

TEST_CASE("RFC 9110 5.6.2: exactly the token characters are token characters") {
  const std::string_view marks = "!#$%&'*+-.^_`|~";
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool expected = is_digit(c) || is_alpha(c) || marks.find(c) != std::string_view::npos;
    REQUIRE(is_token_char(c) == (i != 0 && expected));
  }
  CHECK(is_token("X-Token"));
  CHECK_FALSE(is_token(""));
  CHECK_FALSE(is_token("a b"));
}

TEST_CASE("case is ignored for ASCII letters only") {
  CHECK(equals_ignoring_case("Content-Length", "cONTENT-lENGTH"));
  CHECK_FALSE(equals_ignoring_case("abc", "abcd"));
  CHECK_FALSE(equals_ignoring_case("[", "{"));
  CHECK_FALSE(equals_ignoring_case("@", "`"));
  CHECK_FALSE(equals_ignoring_case("\xc4", "\xe4"));
  CHECK(equals_ignoring_case("", ""));
}

TEST_CASE("texts of every length are compared by letters alone") {
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string text(size, 'k');
        text[at] = static_cast<char>(c);
        std::string other = text;
        other[at] = static_cast<char>(c ^ 0x20);
        CHECK(equals_ignoring_case(text, other) == is_alpha(text[at]));
        other[at] = static_cast<char>(c ^ 0x80);
        CHECK_FALSE(equals_ignoring_case(text, other));
        CHECK(equals_ignoring_case(text, text));
      }
    }
  }
  CHECK(lower_case("ABC-\xc4z") == "abc-\xc4z");
}

TEST_CASE("trim takes spaces and tabs, nothing else") {
  CHECK(trim(" \t a b\t ") == "a b");
  CHECK(trim(" \t ").empty());
  CHECK(trim("\ra\n") == "\ra\n");
  CHECK(trim("\va").size() == 2);
}

TEST_CASE("decimal numbers: digits only, overflow-checked") {
  CHECK(parse_decimal("0") == 0u);
  CHECK(parse_decimal("18446744073709551615") == UINT64_MAX);
  CHECK(parse_decimal("007") == 7u);
  for (const char* text :
       {"", "-1", "+1", " 1", "1 ", "1x", "0x10", "18446744073709551616", "99999999999999999999"})
    CHECK_FALSE(parse_decimal(text));
}

TEST_CASE("numbers are written in decimal and hex") {
  const auto value = GENERATE(std::uint64_t{0}, 9u, 10u, 255u, 65536u, 1234567890u, UINT64_MAX);
  char buffer[20];
  CHECK(std::string(buffer, write_decimal(buffer, value)) == std::to_string(value));
  const std::string hex(buffer, write_hex(buffer, value));
  CHECK(std::stoull(hex, nullptr, 16) == value);
  CHECK((hex == "0" || hex.front() != '0'));
}

TEST_CASE("hex digits of both cases have their value, others none") {
  CHECK(hex_value('0') == 0);
  CHECK(hex_value('a') == 10);
  CHECK(hex_value('F') == 15);
  for (const char c : {'g', 'G', ' ', '/', ':', '@', '`', '\0'}) CHECK(hex_value(c) == -1);
}

TEST_CASE("comma lists skip empty elements and trim the others") {
  CommaList list(" a ,, b\t,, ,c,");
  std::vector<std::string_view> seen;
  while (const auto element = list.next()) seen.push_back(*element);
  CHECK(seen == std::vector<std::string_view>{"a", "b", "c"});
  CHECK_FALSE(CommaList("").next());
  CHECK_FALSE(CommaList(" , ,").next());
}

TEST_CASE("text from the network is escaped for JSON") {
  std::string json;
  append_json_escaped(json, std::string_view("a\"\\\n\x7f\xc3\0b", 8));
  CHECK(json.find('\n') == std::string::npos);
  for (const char c : json) CHECK((c >= 0x20 && c < 0x7f));
  CHECK(json.substr(0, 5) == "a\\\"\\\\");
  CHECK(json.find("\\u0000") != std::string::npos);
  CHECK(json.find("\\u00c3") + json.find("\\u00C3") != 2 * std::string::npos);
}

}  // namespace
}  // namespace gatehouse
