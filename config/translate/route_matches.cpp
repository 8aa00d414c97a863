// SPDX-License-Identifier: Apache-2.0
#include "config/translate/route_matches.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/regex.h"
#include "base/text.h"
#include "config/objects/constraints.h"

namespace gatehouse::translate {
namespace {

constexpr std::string_view kUnsupported = "UnsupportedValue";

void check_pattern(const std::string& pattern, const std::string& where, Findings& findings) {
  const Regex regex(pattern);
  if (regex.is_valid()) return;
  findings.add(kUnsupported,
               fmt::format("{}: \"{}\" is not a regular expression in RE2 syntax ({}): correct it", where,
                           pattern, regex.error()));
}

bool is_unreserved(char c) {
  return is_alpha(c) || is_digit(c) || std::string_view("-._~").find(c) != std::string_view::npos;
}

/// The byte that the escape at the front of `text` stands for, or -1.
int escaped_byte(std::string_view text) {
  if (text.size() < 3) return -1;
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// http-rules U5: unreserved characters unescaped, hex digits in upper case.
std::string normal_path(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string normal;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const int byte = path[i] == '%' ? escaped_byte(path.substr(i)) : -1;
    if (byte < 0) {
      normal += path[i];
      continue;
    }
    if (is_unreserved(static_cast<char>(byte))) {
      normal += static_cast<char>(byte);
    } else {
      normal += '%';
      normal += kHex[static_cast<std::size_t>(byte / 16)];
      normal += kHex[static_cast<std::size_t>(byte % 16)];
    }
    i += 2;
  }
  return normal;
}

ir::PathMatch to_path(const objects::HttpPathMatch& path, const std::string& where, Findings& findings) {
  if (path.type == "RegularExpression") {
    check_pattern(path.value, where, findings);
    return {ir::PathMatchKind::regex, path.value, path.rank};
  }
  auto value = normal_path(path.value);
  if (const auto complaint = objects::check_path(value))  // an escape may have hidden a dot segment
    findings.add(kUnsupported,
                 fmt::format("{}: in its normal form {}: {}", where, complaint->reason, complaint->fix));
  if (path.type == "Exact") return {ir::PathMatchKind::exact, std::move(value)};
  if (value.size() > 1 && value.ends_with('/')) value.pop_back();  // the API ignores it
  return {ir::PathMatchKind::prefix, std::move(value)};
}

/// Of several entries with one name the first counts, says the API.
void append(ir::ValueMatch&& value, std::vector<ir::ValueMatch>& to) {
  const auto same_name = [&value](const auto& other) { return other.name == value.name; };
  if (std::none_of(to.begin(), to.end(), same_name)) to.push_back(std::move(value));
}

ir::ValueMatchKind to_kind(const objects::HttpValueMatch& value, const std::string& where,
                           Findings& findings) {
  if (value.type != "RegularExpression") return ir::ValueMatchKind::exact;
  check_pattern(value.value, where + ".value", findings);
  return ir::ValueMatchKind::regex;
}

std::vector<ir::ValueMatch> to_headers(const objects::HttpRouteMatch& match, const std::string& where,
                                       Findings& findings) {
  std::vector<ir::ValueMatch> headers;
  for (std::size_t i = 0; i < match.headers.size(); ++i) {
    const auto& header = match.headers[i];
    const auto place = fmt::format("{}.headers[{}]", where, i);
    append({lower_case(header.name), to_kind(header, place, findings), header.value}, headers);
  }
  return headers;
}

std::vector<ir::ValueMatch> to_query(const objects::HttpRouteMatch& match, const std::string& where,
                                     Findings& findings) {
  std::vector<ir::ValueMatch> query;
  for (std::size_t i = 0; i < match.query_params.size(); ++i) {
    const auto& param = match.query_params[i];
    append({param.name, to_kind(param, fmt::format("{}.queryParams[{}]", where, i), findings), param.value},
           query);
  }
  return query;
}

}  // namespace

ir::RouteMatch to_match(const objects::HttpRouteMatch& match, const std::string& where, Findings& findings,
                        std::string_view path_field) {
  ir::RouteMatch result;
  result.path = to_path(match.path, fmt::format("{}.{}", where, path_field), findings);
  result.method = match.method.value_or("");
  result.headers = to_headers(match, where, findings);
  result.query = to_query(match, where, findings);
  return result;
}

}  // namespace gatehouse::translate
