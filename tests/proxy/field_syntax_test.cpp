// SPDX-License-Identifier: Apache-2.0
// The byte classes, each byte at each position of texts of many sizes: the word-wise scans have no blind
// spot.
#include "proxy/http/field_syntax.h"

#include <catch2/catch.hpp>
#include <string>

using namespace gatehouse;
using namespace gatehouse::http;

namespace {

template <typename Check, typename Expected>
void check_every_byte_everywhere(Check check, Expected expected) {
  for (std::size_t size = 1; size < 27; ++size)
    for (std::size_t at = 0; at < size; ++at)
      for (int byte = 0; byte < 256; ++byte) {
        // On the heap and without a terminator in reach, so that ASan sees a read outside.
        std::vector<char> text(size, 'x');
        text[at] = static_cast<char>(byte);
        const bool got = check(std::string_view(text.data(), size));
        if (got != expected(byte)) FAIL("byte " << byte << " at " << at << " of " << size);
      }
  SUCCEED();
}

}  // namespace

TEST_CASE("F11: a field value holds no control character but HTAB") {
  check_every_byte_everywhere(is_field_value, [](int b) { return (b >= 0x20 || b == '\t') && b != 0x7f; });
  CHECK(is_field_value(""));
  CHECK(is_field_value("\t\t"));
  CHECK_FALSE(is_field_value("\t\n"));
}

TEST_CASE("U3: a target holds printable ASCII without SP and '#'") {
  check_every_byte_everywhere(is_target_text, [](int b) { return b > 0x20 && b < 0x7f && b != '#'; });
  CHECK(is_target_text(""));
}

TEST_CASE("F12, F13: names are tokens, underscores are told apart") {
  const std::string_view token =
      "!#$%&'*+-.^`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int byte = 0; byte < 256; ++byte) {
    const std::string name = {'x', static_cast<char>(byte), 'y'};
    INFO(byte);
    if (byte == '_')
      CHECK(name_syntax(name) == NameSyntax::token_with_underscore);
    else if (byte != 0 && token.find(static_cast<char>(byte)) != std::string_view::npos)
      CHECK(name_syntax(name) == NameSyntax::token);
    else
      CHECK(name_syntax(name) == NameSyntax::invalid);
  }
  CHECK(name_syntax("") == NameSyntax::invalid);
  CHECK(name_syntax("a_b c") == NameSyntax::invalid);
}
