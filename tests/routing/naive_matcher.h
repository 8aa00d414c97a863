// SPDX-License-Identifier: Apache-2.0
// The route decision written straight from the Gateway API text: slow, linear, and independent of routing/.
#pragma once

#include <algorithm>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "config/ir/listener.h"
#include "routing/request_view.h"

namespace gatehouse::routing::testing {

struct NaiveMatch {
  const ir::HttpRoute* route;
  std::size_t rule;
  std::size_t match;
  bool operator==(const NaiveMatch&) const = default;
};

inline std::string naive_lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return result;
}

inline std::string naive_decode(std::string_view text) {
  const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2])) {
      result += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      result += text[i] == '+' ? ' ' : text[i];
    }
  }
  return result;
}

inline bool naive_value_matches(const ir::ValueMatch& wanted, const std::string& value) {
  if (wanted.kind == ir::ValueMatchKind::exact) return value == wanted.value;
  return std::regex_match(value, std::regex(wanted.value));
}

inline std::optional<std::string> naive_header(const RequestView& request, const std::string& name) {
  std::optional<std::string> joined;
  for (const HeaderField& field : request.headers) {
    if (naive_lower(field.name) != name) continue;
    joined = joined ? *joined + "," + std::string(field.value) : std::string(field.value);
  }
  return joined;
}

inline std::optional<std::string> naive_parameter(const RequestView& request, const std::string& name) {
  std::string rest(request.query);
  while (!rest.empty()) {
    const std::string parameter = rest.substr(0, rest.find('&'));
    rest = parameter.size() == rest.size() ? "" : rest.substr(parameter.size() + 1);
    if (parameter.empty()) continue;
    const auto equals = parameter.find('=');
    if (naive_decode(parameter.substr(0, equals)) != name) continue;
    return equals == std::string::npos ? "" : naive_decode(parameter.substr(equals + 1));
  }
  return std::nullopt;
}

inline std::string naive_prefix(std::string prefix) {
  if (!prefix.empty() && prefix.back() == '/') prefix.pop_back();
  return prefix;
}

inline bool naive_path_matches(const ir::PathMatch& wanted, std::string_view path) {
  switch (wanted.kind) {
    case ir::PathMatchKind::exact:
      return path == wanted.value;
    case ir::PathMatchKind::regex:
      return std::regex_match(std::string(path), std::regex(wanted.value));
    case ir::PathMatchKind::prefix:
      break;
  }
  const std::string prefix = naive_prefix(wanted.value);
  return prefix.empty() || path == prefix || path.starts_with(prefix + "/");
}

inline bool naive_matches(const ir::RouteMatch& match, const RequestView& request) {
  if (!naive_path_matches(match.path, request.path)) return false;
  if (!match.method.empty() && match.method != request.method) return false;
  for (const auto& wanted : match.headers) {
    const auto value = naive_header(request, wanted.name);
    if (!value || !naive_value_matches(wanted, *value)) return false;
  }
  for (const auto& wanted : match.query) {
    const auto value = naive_parameter(request, wanted.name);
    if (!value || !naive_value_matches(wanted, *value)) return false;
  }
  return true;
}

/// How well a hostname covers `host`: 0 not at all, 1 as "", more for longer ones, most for the exact one.
inline std::size_t naive_host_rank(std::string_view hostname, std::string_view host) {
  if (hostname.empty()) return 1;
  if (hostname == host) return 1000;
  if (!hostname.starts_with("*.")) return 0;
  const auto suffix = hostname.substr(1);
  return host.size() > suffix.size() && host.ends_with(suffix) ? 1 + suffix.size() : 0;
}

/// Ages must be all known or all unknown.
inline std::optional<NaiveMatch> naive_find(const ir::Listener& listener, const RequestView& request) {
  using Key = std::tuple<std::size_t, int, std::size_t, bool, std::size_t, std::size_t, std::int64_t,
                         std::string, std::size_t, std::size_t>;
  std::optional<NaiveMatch> best;
  Key best_key;
  for (const auto& [route, hostnames] : listener.routes) {
    std::size_t host_rank = hostnames.empty() ? 1 : 0;
    for (const auto& hostname : hostnames)
      host_rank = std::max(host_rank, naive_host_rank(hostname, request.host));
    // A route with several covering hostnames takes part under each; the best one decides, its matches being
    // equal.
    if (host_rank == 0) continue;
    for (std::size_t r = 0; r < route->rules.size(); ++r) {
      const auto& matches = route->rules[r].matches;
      for (std::size_t m = 0; m < matches.size(); ++m) {
        const ir::RouteMatch& match = matches[m];
        if (!naive_matches(match, request)) continue;
        const bool is_prefix = match.path.kind == ir::PathMatchKind::prefix;
        const int kind = is_prefix ? 2 : match.path.kind == ir::PathMatchKind::regex ? 1 : 0;
        const std::size_t length =
            is_prefix ? naive_prefix(match.path.value).size() : match.path.value.size();
        // Smaller is better, so "more is better" counts down.
        const Key key{~host_rank,
                      kind,
                      ~length,
                      match.method.empty(),
                      ~match.headers.size(),
                      ~match.query.size(),
                      route->age.created,
                      route->age.name,
                      r,
                      m};
        if (best && !(key < best_key)) continue;
        best = NaiveMatch{route.get(), r, m};
        best_key = key;
      }
    }
  }
  return best;
}

}  // namespace gatehouse::routing::testing
