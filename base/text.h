// SPDX-License-Identifier: Apache-2.0
// ASCII text as HTTP and Kubernetes use it. Locale-free; nothing here allocates unless it returns a string.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse {

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) {
  return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}

/// RFC 9110 5.6.2 tchar.
bool is_token_char(char c);
bool is_token(std::string_view text);

bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string lower_case(std::string_view text);

/// Without leading and trailing SP and HTAB (RFC 9110 OWS).
std::string_view trim(std::string_view text);

/// Value of a hex digit, or -1.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char l = to_lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// Digits only, no sign, overflow-checked; nullopt for anything else, the empty text included.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

/// Writes `value` in decimal at `to` (room for 20 bytes); returns the end.
char* write_decimal(char* to, std::uint64_t value);
/// Writes `value` in lower-case hex at `to` (room for 16 bytes); returns the end.
char* write_hex(char* to, std::uint64_t value);

/// Walks a comma-separated header value; empty elements are skipped.
class CommaList {
 public:
  explicit CommaList(std::string_view text) : rest_(text) {}
  /// The next trimmed, non-empty element.
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;
};

/// Appends `text` as the inside of a JSON string; bytes that are not printable ASCII become \u00XX.
void append_json_escaped(std::string& to, std::string_view text);

}  // namespace gatehouse
