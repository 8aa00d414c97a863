// SPDX-License-Identifier: Apache-2.0
// Tables and word tests behind field_syntax.h.
#include "proxy/http/field_syntax.h"

#include <array>

#include "base/text.h"
#include "proxy/http/word_scan.h"

namespace gatehouse::http {
namespace {

constexpr std::uint8_t kTokenByte = 0;
constexpr std::uint8_t kUnderscore = 1;
constexpr std::uint8_t kNoTokenByte = 2;

constexpr std::array<std::uint8_t, 256> make_name_table() {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const char ch = static_cast<char>(c);
    const bool token = c < 128 && (is_digit(ch) || is_alpha(ch) ||
                                   std::string_view("!#$%&'*+-.^`|~").find(ch) != std::string_view::npos);
    table[c] = token ? kTokenByte : kNoTokenByte;
  }
  table['_'] = kUnderscore;
  return table;
}
constexpr auto kNameTable = make_name_table();

bool is_field_value_bytewise(std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return false;
  }
  return true;
}

}  // namespace

NameSyntax name_syntax(std::string_view name) {
  std::uint8_t seen = name.empty() ? kNoTokenByte : kTokenByte;
  for (const char c : name) seen |= kNameTable[static_cast<unsigned char>(c)];
  if (seen == kTokenByte) return NameSyntax::token;
  return seen == kUnderscore ? NameSyntax::token_with_underscore : NameSyntax::invalid;
}

bool is_field_value(std::string_view value) {
  const bool has_control =
      any_word(value, [](std::uint64_t w) { return has_less<0x20>(w) || has_byte<0x7f>(w); });
  // HTAB is rare enough to be worth a second look instead of a wider first one.
  return !has_control || is_field_value_bytewise(value);
}

bool is_target_text(std::string_view text) {
  return !any_word(text, [](std::uint64_t w) {
    return has_less<0x21>(w) || has_byte<0x7f>(w) || has_byte<'#'>(w) || has_high(w);
  });
}

}  // namespace gatehouse::http
