// SPDX-License-Identifier: Apache-2.0
// Texts that stand for something else: durations, times, bytes.
#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "config/objects/constraints.h"

namespace gatehouse::objects {
namespace {

int two_digits(std::string_view text, std::size_t at) {
  if (at + 2 > text.size() || !is_digit(text[at]) || !is_digit(text[at + 1])) return -1;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

/// Value of a base64 digit, or -1.
int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

/// Appends up to three bytes; false when a digit is none or padding is misplaced.
bool append_quad(std::string& to, std::string_view quad, bool last) {
  const std::size_t padding = quad.ends_with("==") ? 2 : quad.ends_with("=") ? 1 : 0;
  if (padding > 0 && !last) return false;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int value = i < 4 - padding ? sextet(quad[i]) : 0;
    if (value < 0) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
  }
  for (std::size_t i = 0; i < 3 - padding; ++i) to += static_cast<char>(bits >> (16 - 8 * i));
  return true;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_gep2257(std::string_view text) {
  std::chrono::milliseconds total{0};
  int terms = 0;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    if (digits == 0 || digits > 5 || ++terms > 4) return std::nullopt;
    const auto count = static_cast<std::int64_t>(*parse_decimal(text.substr(0, digits)));
    text.remove_prefix(digits);
    const std::string_view unit = text.starts_with("ms") ? "ms" : text.substr(0, 1);
    if (unit == "ms")
      total += std::chrono::milliseconds(count);
    else if (unit == "s")
      total += std::chrono::seconds(count);
    else if (unit == "m")
      total += std::chrono::minutes(count);
    else if (unit == "h")
      total += std::chrono::hours(count);
    else
      return std::nullopt;
    text.remove_prefix(unit.size());
  }
  if (terms == 0) return std::nullopt;
  return total;
}

std::optional<Complaint> check_duration(std::string_view text) {
  if (parse_gep2257(text)) return std::nullopt;
  return Complaint{fmt::format("\"{}\" is not a duration", text),
                   "write up to four numbers of at most 5 digits with h, m, s or ms, for example 1m30s"};
}

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  const auto part = [&](std::size_t at) { return two_digits(text, at); };
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') ||
      text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const int fields[] = {part(0), part(2), part(5), part(8), part(11), part(14), part(17)};
  for (const int field : fields)
    if (field < 0) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{year{fields[0] * 100 + fields[1]}, month{static_cast<unsigned>(fields[2])},
                            day{static_cast<unsigned>(fields[3])}};
  if (!date.ok() || fields[4] > 23 || fields[5] > 59 || fields[6] > 60) return std::nullopt;
  auto zone = text.substr(19);
  if (zone.starts_with('.')) {
    zone.remove_prefix(1);
    while (!zone.empty() && is_digit(zone.front())) zone.remove_prefix(1);
  }
  auto moment = sys_days(date) + hours(fields[4]) + minutes(fields[5]) + seconds(fields[6]);
  if (zone == "Z" || zone == "z") return moment.time_since_epoch().count();
  if (zone.size() != 6 || zone[3] != ':' || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
  const int ahead = two_digits(zone, 1) * 60 + two_digits(zone, 4);
  if (two_digits(zone, 1) < 0 || two_digits(zone, 4) < 0) return std::nullopt;
  moment -= minutes(zone[0] == '+' ? ahead : -ahead);
  return moment.time_since_epoch().count();
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string digits;
  digits.reserve(text.size());
  for (const char c : text)
    if (c != '\r' && c != '\n') digits += c;
  if (digits.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(digits.size() / 4 * 3);
  for (std::size_t at = 0; at < digits.size(); at += 4)
    if (!append_quad(bytes, std::string_view(digits).substr(at, 4), at + 4 == digits.size()))
      return std::nullopt;
  return bytes;
}

}  // namespace gatehouse::objects
