// SPDX-License-Identifier: Apache-2.0
// Rules for single values, written by hand: no regular expression runs over what a user wrote.
#include "config/objects/constraints.h"

#include <fmt/format.h>

#include <array>

#include "base/ip.h"
#include "base/text.h"

namespace gatehouse::objects {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxHeaderName = 256;
constexpr std::size_t kMaxValue = 4096;
constexpr std::size_t kMaxPath = 1024;

bool is_lower_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z');
}

bool is_dns_label(std::string_view text) {
  if (text.empty() || text.size() > kMaxLabel) return false;
  for (const char c : text)
    if (!is_lower_alnum(c) && c != '-') return false;
  return text.front() != '-' && text.back() != '-';
}

/// Labels between dots. A label of a subdomain has no length limit of its own in Kubernetes.
bool is_dns_subdomain(std::string_view text) {
  if (text.empty() || text.size() > kMaxName) return false;
  char before = '.';
  for (const char c : text) {
    const bool edge = c == '.' || c == '-';
    if (!edge && !is_lower_alnum(c)) return false;
    if (c == '.' && !is_lower_alnum(before)) return false;
    if (c == '-' && before == '.') return false;
    before = c;
  }
  return is_lower_alnum(before);
}

std::optional<Complaint> too_long(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::nullopt;
  return Complaint{fmt::format("is {} bytes long, at most {} are allowed", text.size(), most), "shorten it"};
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool is_path_char(char c) {
  return is_digit(c) || is_alpha(c) ||
         std::string_view("-/._~!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

/// Only what a request target can hold: unreserved, sub-delims, ':' '@' '/' and %XX.
bool is_path_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) return false;
      i += 2;
    } else if (!is_path_char(text[i])) {
      return false;
    }
  }
  return true;
}

constexpr std::array<std::string_view, 6> kForbiddenInPath{"//", "/./", "/../", "%2f", "%2F", "#"};

int two_digits(std::string_view text, std::size_t at) {
  if (at + 2 > text.size() || !is_digit(text[at]) || !is_digit(text[at + 1])) return -1;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

}  // namespace

std::optional<Complaint> check_not_empty(std::string_view text) {
  if (!text.empty()) return too_long(text, kMaxValue);
  return Complaint{"must not be empty", "write a value"};
}

std::optional<Complaint> check_dns_label(std::string_view text) {
  if (is_dns_label(text)) return std::nullopt;
  return Complaint{fmt::format("\"{}\" is not a DNS label", text),
                   "use at most 63 lower-case letters, digits and '-', not '-' at either end"};
}

std::optional<Complaint> check_dns_subdomain(std::string_view text) {
  if (is_dns_subdomain(text)) return std::nullopt;
  return Complaint{fmt::format("\"{}\" is not a DNS subdomain name", text),
                   "use at most 253 lower-case letters, digits, '-' and '.', starting and ending with a "
                   "letter or digit"};
}

std::optional<Complaint> check_group(std::string_view text) {
  return text.empty() ? std::nullopt : check_dns_subdomain(text);
}

std::optional<Complaint> check_kind(std::string_view text) {
  bool good = !text.empty() && text.size() <= kMaxLabel && is_alpha(text.front()) && text.back() != '-';
  for (const char c : text) good = good && (is_alpha(c) || is_digit(c) || c == '-');
  if (good) return std::nullopt;
  return Complaint{fmt::format("\"{}\" is not a kind", text), "write the kind as in the object's kind: line"};
}

std::optional<Complaint> check_precise_hostname(std::string_view text) {
  if (IpAddress::parse(text))
    return Complaint{fmt::format("\"{}\" is an IP address", text), "use a DNS name"};
  if (is_dns_subdomain(text)) return std::nullopt;
  return Complaint{fmt::format("\"{}\" is not a hostname", text),
                   "use lower-case letters, digits, '-' and '.', without port or scheme"};
}

std::optional<Complaint> check_hostname(std::string_view text) {
  const auto rest = text.starts_with("*.") ? text.substr(2) : text;
  if (rest.find('*') != std::string_view::npos)
    return Complaint{fmt::format("\"{}\" has a '*' that is not the whole first label", text),
                     "write *.example.com"};
  if (const auto complaint = too_long(text, kMaxName)) return complaint;
  return check_precise_hostname(rest);
}

std::optional<Complaint> check_controller_name(std::string_view text) {
  const auto slash = text.find('/');
  const bool shaped = slash != std::string_view::npos && slash + 1 < text.size() && text.size() <= kMaxName;
  if (shaped && is_dns_subdomain(text.substr(0, slash)) && is_path_text(text.substr(slash)))
    return std::nullopt;
  return Complaint{fmt::format("\"{}\" is not a controller name", text),
                   "write domain/path, for example gatehouse.dev/gateway-controller"};
}

std::optional<Complaint> check_protocol(std::string_view text) {
  const auto slash = text.find('/');
  const auto name = slash == std::string_view::npos ? text : text.substr(slash + 1);
  bool good = !name.empty() && text.size() <= 255 &&
              (slash == std::string_view::npos || is_dns_subdomain(text.substr(0, slash)));
  for (const char c : name) good = good && (is_alpha(c) || is_digit(c) || c == '-');
  if (good) return std::nullopt;
  return Complaint{fmt::format("\"{}\" is not a protocol", text), "write HTTP"};
}

std::optional<Complaint> check_header_name(std::string_view text) {
  if (!is_token(text))
    return Complaint{fmt::format("\"{}\" is not a header name", text),
                     "use letters, digits and !#$%&'*+-.^_`|~ only, no spaces or ':'"};
  return too_long(text, kMaxHeaderName);
}

std::optional<Complaint> check_header_value(std::string_view text) {
  if (has_line_break(text))
    return Complaint{"contains CR, LF or NUL, which would split the message", "write the value on one line"};
  return check_not_empty(text);
}

std::optional<Complaint> check_match_value(std::string_view text) {
  return check_not_empty(text);
}

std::optional<Complaint> check_path(std::string_view text) {
  if (!text.starts_with('/'))
    return Complaint{fmt::format("\"{}\" does not start with '/'", text), "put a '/' in front"};
  for (const auto part : kForbiddenInPath)
    if (text.find(part) != std::string_view::npos)
      return Complaint{fmt::format("\"{}\" contains \"{}\"", text, part),
                       "write the path in its normal form"};
  for (const auto end : {std::string_view("/.."), std::string_view("/.")})
    if (text.ends_with(end))
      return Complaint{fmt::format("\"{}\" ends with \"{}\"", text, end),
                       "write the path in its normal form"};
  if (!is_path_text(text))
    return Complaint{fmt::format("\"{}\" has characters that no path can hold", text),
                     "percent-encode them, and leave out the query"};
  return too_long(text, kMaxPath);
}

std::optional<Complaint> check_pattern(std::string_view text) {
  if (text.empty()) return Complaint{"must not be empty", "write a pattern, for example /item/[0-9]+"};
  return too_long(text, kMaxPath);
}

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

}  // namespace gatehouse::objects
