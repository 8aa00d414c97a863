// SPDX-License-Identifier: Apache-2.0
// The route decision written straight from the Gateway API text: slow, linear, and independent of routing/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "config/ir/listener.h"
#include "routing/request_view.h"

namespace gatehouse::routing::testing {

struct NaiveMatch {
  const ir::HttpRoute* route;
  std::size_t rule;
  std::size_t match;  ///< 0 for a rule without matches
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

/// Building a std::regex costs more than all the rest of a decision.
inline bool naive_regex_matches(const std::string& pattern, const std::string& text) {
  static thread_local std::unordered_map<std::string, std::regex> known;
  const auto [entry, is_new] = known.try_emplace(pattern);
  if (is_new) entry->second = std::regex(pattern);
  return std::regex_match(text, entry->second);
}

inline bool naive_value_matches(const ir::ValueMatch& wanted, const std::string& value) {
  if (wanted.kind == ir::ValueMatchKind::exact) return value == wanted.value;
  return naive_regex_matches(wanted.value, value);
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
      return naive_regex_matches(wanted.value, std::string(path));
    case ir::PathMatchKind::prefix:
      break;
  }
  const std::string prefix = naive_prefix(wanted.value);
  return prefix.empty() || path == prefix || path.starts_with(prefix + "/");
}

/// "If multiple entries specify equivalent names, only the first MUST be considered."
inline std::vector<ir::ValueMatch> naive_first_of_each(const std::vector<ir::ValueMatch>& values) {
  std::vector<ir::ValueMatch> first;
  for (const auto& value : values)
    if (std::none_of(first.begin(), first.end(), [&](const auto& known) { return known.name == value.name; }))
      first.push_back(value);
  return first;
}

inline bool naive_matches(const ir::RouteMatch& match, const RequestView& request) {
  if (!naive_path_matches(match.path, request.path)) return false;
  if (!match.method.empty() && match.method != request.method) return false;
  for (const auto& wanted : naive_first_of_each(match.headers)) {
    const auto value = naive_header(request, wanted.name);
    if (!value || !naive_value_matches(wanted, *value)) return false;
  }
  for (const auto& wanted : naive_first_of_each(match.query)) {
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

/// Every match of every route that serves one hostname: equal `place` and `specificity` are a tie, which age,
/// name and order decide. Smaller is better, so "more is better" counts down.
struct NaiveCandidate {
  NaiveMatch match;
  const ir::RouteMatch* conditions;
  std::tuple<int, std::size_t, std::string> place;
  std::tuple<bool, std::size_t, std::size_t> specificity;
  std::size_t order;
};

inline const ir::RouteMatch& naive_match_of(const ir::RouteRule& rule, std::size_t index) {
  static const ir::RouteMatch any;
  return rule.matches.empty() ? any : rule.matches[index];
}

inline std::vector<NaiveCandidate> naive_candidates(const ir::Listener& listener, std::string_view hostname) {
  std::vector<NaiveCandidate> all;
  for (const auto& [route, hostnames] : listener.routes) {
    const bool serves =
        hostnames.empty() ? hostname.empty() : std::count(hostnames.begin(), hostnames.end(), hostname) > 0;
    if (!serves) continue;
    for (std::size_t r = 0; r < route->rules.size(); ++r) {
      const auto& rule = route->rules[r];
      for (std::size_t m = 0; m < std::max<std::size_t>(1, rule.matches.size()); ++m) {
        const ir::RouteMatch& match = naive_match_of(rule, m);
        const bool is_prefix = match.path.kind == ir::PathMatchKind::prefix;
        const int kind = is_prefix ? 2 : match.path.kind == ir::PathMatchKind::regex ? 1 : 0;
        const std::string text = is_prefix ? naive_prefix(match.path.value) : match.path.value;
        // Regular expressions of one length are one place.
        all.push_back({{route.get(), r, m},
                       &match,
                       {kind, ~text.size(), kind == 1 ? "" : text},
                       {match.method.empty(), ~naive_first_of_each(match.headers).size(),
                        ~naive_first_of_each(match.query).size()},
                       all.size()});
      }
    }
  }
  return all;
}

/// The best of those that hold on one hostname. One unknown age in a tie, held by the request or not, makes
/// the names decide.
inline std::optional<NaiveMatch> naive_find_on(const std::vector<NaiveCandidate>& all,
                                               const RequestView& request) {
  const NaiveCandidate* best = nullptr;
  const auto ties = [](const NaiveCandidate& a, const NaiveCandidate& b) {
    return a.place == b.place && a.specificity == b.specificity;
  };
  const auto beats = [&](const NaiveCandidate& a, const NaiveCandidate& b) {
    if (!ties(a, b)) return std::tie(a.place, a.specificity) < std::tie(b.place, b.specificity);
    const bool ages_known = std::none_of(all.begin(), all.end(), [&](const NaiveCandidate& other) {
      return ties(a, other) && other.match.route->age.created == 0;
    });
    const auto& age = a.match.route->age;
    const auto& other = b.match.route->age;
    if (ages_known && age.created != other.created) return age.created < other.created;
    return std::tie(age.name, a.order) < std::tie(other.name, b.order);
  };
  for (const NaiveCandidate& candidate : all)
    if (naive_matches(*candidate.conditions, request) && (best == nullptr || beats(candidate, *best)))
      best = &candidate;
  if (best == nullptr) return std::nullopt;
  return best->match;
}

/// One listener's routes by hostname. The listener outlives it.
class NaiveTable {
 public:
  explicit NaiveTable(const ir::Listener& listener) {
    for (const auto& attachment : listener.routes) {
      for (const auto& hostname : attachment.hostnames) hosts_.try_emplace(hostname);
      if (attachment.hostnames.empty()) hosts_.try_emplace("");
    }
    for (auto& [hostname, candidates] : hosts_) candidates = naive_candidates(listener, hostname);
  }

  /// Hostname by hostname, the most specific first; the next one when nothing holds there.
  std::optional<NaiveMatch> find(const RequestView& request) const {
    std::map<std::size_t, const std::vector<NaiveCandidate>*, std::greater<>> by_rank;
    for (const auto& [hostname, candidates] : hosts_)
      if (const auto rank = naive_host_rank(hostname, request.host)) by_rank.emplace(rank, &candidates);
    for (const auto& [rank, candidates] : by_rank)
      if (const auto found = naive_find_on(*candidates, request)) return found;
    return std::nullopt;
  }

 private:
  std::map<std::string, std::vector<NaiveCandidate>> hosts_;
};

inline std::optional<NaiveMatch> naive_find(const ir::Listener& listener, const RequestView& request) {
  return NaiveTable(listener).find(request);
}

/// Listener isolation: the most specific listener that covers the host, and no other; its position.
inline std::optional<std::size_t> naive_listener(const std::vector<ir::Listener>& listeners,
                                                 std::string_view host) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const auto rank = naive_host_rank(listeners[i].hostname, host);
    if (rank != 0 && (!best || rank > naive_host_rank(listeners[*best].hostname, host))) best = i;
  }
  return best;
}

}  // namespace gatehouse::routing::testing
