// SPDX-License-Identifier: Apache-2.0
// Rules for what stands in HTTP messages: header names and values, paths, origins.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/objects/constraints.h"

namespace gatehouse::objects {
namespace {

constexpr std::size_t kMaxHeaderName = 256;
constexpr std::size_t kMaxHeaderValue = 4096;
constexpr std::size_t kMaxQueryValue = 1024;
constexpr std::size_t kMaxPath = 1024;
constexpr std::size_t kMaxOrigin = 253;
constexpr std::size_t kMaxPortDigits = 5;

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool is_visible(char c) {
  return c >= '!' && c <= '~';
}

/// Visible ASCII; single spaces or tabs between, not at the ends.
bool is_field_text(std::string_view text) {
  bool blank = true;
  for (const char c : text) {
    if (!is_visible(c) && (blank || (c != ' ' && c != '\t'))) return false;
    blank = !is_visible(c);
  }
  return !blank;
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

/// Labels of letters, digits and '-' between dots, all of any case.
bool is_origin_host(std::string_view host) {
  if (host == "*") return true;
  if (host.starts_with("*.")) host.remove_prefix(2);
  char before = '.';
  for (const char c : host) {
    if (c == '.' ? before == '.' : !is_digit(c) && !is_alpha(c) && c != '-') return false;
    before = c;
  }
  return before != '.';
}

bool is_origin(std::string_view text) {
  if (text == "*") return true;
  for (const auto scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (!text.starts_with(scheme)) continue;
    const auto authority = text.substr(scheme.size());
    const auto colon = authority.find(':');
    if (!is_origin_host(authority.substr(0, colon))) return false;
    if (colon == std::string_view::npos) return true;
    const auto port = authority.substr(colon + 1);
    return !port.empty() && port.size() <= kMaxPortDigits && std::all_of(port.begin(), port.end(), is_digit);
  }
  return false;
}

/// What protobuf takes as a name: a letter or '_', then digits too.
bool is_identifier(std::string_view text) {
  const auto is_word = [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; };
  return !text.empty() && !is_digit(text.front()) && std::all_of(text.begin(), text.end(), is_word);
}

bool is_grpc_service(std::string_view text) {
  if (text.starts_with('.')) text.remove_prefix(1);
  for (auto dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
    if (!is_identifier(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
  }
  return is_identifier(text);
}

}  // namespace

std::optional<Complaint> check_header_name(std::string_view text) {
  if (!is_token(text))
    return Complaint{fmt::format("\"{}\" is not a header name", text),
                     "use letters, digits and !#$%&'*+-.^_`|~ only, no spaces or ':'"};
  return check_length(text, kMaxHeaderName);
}

std::optional<Complaint> check_header_value(std::string_view text) {
  if (has_line_break(text))
    return Complaint{"contains CR, LF or NUL, which would split the message", "write the value on one line"};
  if (text.empty()) return Complaint{"must not be empty", "write a value"};
  if (!is_field_text(text))
    return Complaint{"is not a header value",
                     "use visible ASCII characters with single blanks between them, none at the ends"};
  return check_length(text, kMaxHeaderValue);
}

std::optional<Complaint> check_query_value(std::string_view text) {
  if (text.empty()) return Complaint{"must not be empty", "write a value"};
  return check_length(text, kMaxQueryValue);
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
  return check_length(text, kMaxPath);
}

std::optional<Complaint> check_pattern(std::string_view text) {
  return check_length(text, kMaxPath);
}

std::optional<Complaint> check_new_path(std::string_view text) {
  return check_length(text, kMaxPath);
}

std::optional<Complaint> check_auth_path(std::string_view text) {
  if (text.empty()) return Complaint{"must not be empty", "write a path, or remove it"};
  if (!is_path_text(text))
    return Complaint{fmt::format("\"{}\" has characters that no path can hold", text), "percent-encode them"};
  return check_length(text, kMaxPath);
}

std::optional<Complaint> check_cors_origin(std::string_view text) {
  if (!is_origin(text))
    return Complaint{fmt::format("\"{}\" is not an origin", text),
                     "write scheme://host or scheme://host:port, for example https://*.example.com, or *"};
  return check_length(text, kMaxOrigin);
}

std::optional<Complaint> check_grpc_service(std::string_view text) {
  if (!is_grpc_service(text))
    return Complaint{fmt::format("\"{}\" is not the name of a gRPC service", text),
                     "write it as in the .proto file, with its package: com.example.User"};
  return check_length(text, kMaxPath);
}

std::optional<Complaint> check_grpc_method(std::string_view text) {
  if (!is_identifier(text))
    return Complaint{fmt::format("\"{}\" is not the name of a gRPC method", text),
                     "write it as in the .proto file: Login"};
  return check_length(text, kMaxPath);
}

std::optional<Complaint> check_uri(std::string_view text) {
  const auto colon = text.find_first_of(":/?#");
  const bool shaped = colon != std::string_view::npos && colon > 0 && text.substr(colon).starts_with("://");
  if (!shaped || count_characters(text) > kMaxOrigin)
    return Complaint{fmt::format("\"{}\" is not an absolute URI", text),
                     "write scheme://authority/path, at most 253 characters"};
  return std::nullopt;
}

}  // namespace gatehouse::objects
