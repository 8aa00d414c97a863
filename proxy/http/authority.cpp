// SPDX-License-Identifier: Apache-2.0
// Parser of host[:port].
#include "proxy/http/authority.h"

#include <algorithm>
#include <array>

#include "base/ip.h"
#include "base/text.h"

namespace gatehouse::http {
namespace {

constexpr std::size_t kMaxHost = 255;
constexpr std::size_t kMaxPortDigits = 5;

constexpr std::uint8_t kNameByte = 0;
constexpr std::uint8_t kUpper = 1;
constexpr std::uint8_t kNotInName = 2;

constexpr std::array<std::uint8_t, 256> make_host_table() {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const char ch = static_cast<char>(c);
    const bool name =
        c < 128 && (is_digit(ch) || is_alpha(ch) || ch == '-' || ch == '.' || ch == '_' || ch == '~');
    table[c] = name ? kNameByte : kNotInName;
    if (ch >= 'A' && ch <= 'Z') table[c] = kUpper;
  }
  return table;
}
constexpr auto kHostTable = make_host_table();

std::string_view lower_in_arena(std::string_view text, Arena& arena) {
  char* to = arena.allocate(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) to[i] = to_lower(text[i]);
  return {to, text.size()};
}

/// U4: one trailing dot is the root label; any other empty label is no name.
bool strip_and_check_labels(std::string_view& host) {
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  return !host.empty() && host.front() != '.' && host.back() != '.' &&
         host.find("..") == std::string_view::npos;
}

std::optional<std::string_view> check_name(std::string_view host, Arena& arena) {
  std::uint8_t seen = 0;
  for (const char c : host) seen |= kHostTable[static_cast<unsigned char>(c)];
  if ((seen & kNotInName) != 0 || host.size() > kMaxHost || !strip_and_check_labels(host))
    return std::nullopt;
  return (seen & kUpper) != 0 ? lower_in_arena(host, arena) : host;
}

std::optional<std::string_view> check_literal(std::string_view host, Arena& arena) {
  const auto inside = host.substr(1, host.size() - 2);
  if (inside.find(':') == std::string_view::npos || !IpAddress::parse(inside)) return std::nullopt;
  for (const char c : inside)
    if (c != to_lower(c)) return lower_in_arena(host, arena);
  return host;
}

/// Where the host of "host", "host:port" or "[v6]:port" ends; 0 when there is none.
std::size_t host_size(std::string_view text) {
  if (text.empty() || text.front() != '[') return std::min(text.find(':'), text.size());
  const auto bracket = text.find(']');
  return bracket == std::string_view::npos ? 0 : bracket + 1;
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text, Arena& arena) {
  const auto size = host_size(text);
  if (size == 0) return std::nullopt;

  Authority result{text, {}, 0};
  if (size < text.size()) {
    const auto digits = text.substr(size + 1);
    if (text[size] != ':' || digits.size() > kMaxPortDigits) return std::nullopt;
    if (digits.empty()) {
      result.text = text.substr(0, size);  // RFC 3986 6.2.3: an empty port is the default one
    } else {
      const auto port = parse_decimal(digits);
      if (!port || *port == 0 || *port > 65535) return std::nullopt;
      result.port = static_cast<std::uint16_t>(*port);
    }
  }
  const auto host = text.substr(0, size);
  const auto checked = host.front() == '[' ? check_literal(host, arena) : check_name(host, arena);
  if (!checked) return std::nullopt;
  result.host = *checked;
  return result;
}

}  // namespace gatehouse::http
