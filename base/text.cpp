// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <array>
#include <charconv>
#include <cstring>

namespace gatehouse {
namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c) {
    const char ch = static_cast<char>(c);
    table[static_cast<std::size_t>(c)] =
        c < 128 && (is_digit(ch) || is_alpha(ch) ||
                    std::string_view("!#$%&'*+-.^_`|~").find(ch) != std::string_view::npos);
  }
  return table;
}
constexpr auto kTokenTable = make_token_table();

/// Whether two words differ in nothing but the case of letters. In `low`, letters are in lower case; adding
/// to the lower seven bits of a byte carries into its eighth where the byte is at least 'a', or greater than
/// 'z'.
template <typename Word>
bool equal_words(const char* a, const char* b) {
  constexpr auto kEachByte = static_cast<Word>(0x0101010101010101);
  Word x;
  Word y;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  const Word low = (x | kEachByte * 0x20) & kEachByte * 0x7f;
  const Word from_a = low + kEachByte * (0x80 - 'a');
  const Word beyond_z = low + kEachByte * (0x7f - 'z');
  const Word is_letter = from_a & ~beyond_z & ~x & kEachByte * 0x80;
  return ((x ^ y) & ~(is_letter >> 2)) == 0;
}

/// For texts of at least one word; the last two may overlap.
template <typename Word>
bool equal_by_words(const char* a, const char* b, std::size_t size) {
  const std::size_t last = size - sizeof(Word);
  for (std::size_t i = 0; i < last; i += sizeof(Word))
    if (!equal_words<Word>(a + i, b + i)) return false;
  return equal_words<Word>(a + last, b + last);
}

}  // namespace

bool is_token_char(char c) {
  return kTokenTable[static_cast<unsigned char>(c)];
}

bool is_token(std::string_view text) {
  for (const char c : text)
    if (!is_token_char(c)) return false;
  return !text.empty();
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  if (size >= sizeof(std::uint64_t)) return equal_by_words<std::uint64_t>(a.data(), b.data(), size);
  if (size >= sizeof(std::uint32_t)) return equal_by_words<std::uint32_t>(a.data(), b.data(), size);
  for (std::size_t i = 0; i < size; ++i)
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  return true;
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = to_lower(c);
  return result;
}

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c) || __builtin_mul_overflow(value, 10U, &value) ||
        __builtin_add_overflow(value, static_cast<unsigned>(c - '0'), &value))
      return std::nullopt;
  }
  return text.empty() ? std::nullopt : std::optional(value);
}

char* write_decimal(char* to, std::uint64_t value) {
  return std::to_chars(to, to + 20, value).ptr;
}
char* write_hex(char* to, std::uint64_t value) {
  return std::to_chars(to, to + 16, value, 16).ptr;
}

std::optional<std::string_view> CommaList::next() {
  while (!rest_.empty()) {
    const auto comma = rest_.find(',');
    const auto element = trim(rest_.substr(0, comma));
    rest_ = comma == std::string_view::npos ? std::string_view{} : rest_.substr(comma + 1);
    if (!element.empty()) return element;
  }
  return std::nullopt;
}

void append_json_escaped(std::string& to, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (byte >= 0x20 && byte < 0x7f) {
      to += c;
    } else {
      to += "\\u00";
      to += kHex[byte >> 4];
      to += kHex[byte & 15];
    }
  }
}

}  // namespace gatehouse
