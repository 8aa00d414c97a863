// SPDX-License-Identifier: Apache-2.0
#include "config/translate/route_forms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace gatehouse::translate {
namespace {

using objects::GrpcMethodMatch;

constexpr std::array<std::string_view, 5> kNames{objects::HttpRoute::kKind, objects::GrpcRoute::kKind,
                                                 objects::TlsRoute::kKind, objects::TcpRoute::kKind,
                                                 objects::UdpRoute::kKind};
constexpr std::string_view kAnyName = "[^/]+";

/// An empty text is as good as none.
const std::string* given(const std::optional<std::string>& text) {
  return text && !text->empty() ? &*text : nullptr;
}

bool is_pattern(const GrpcMethodMatch& method) {
  return method.type == "RegularExpression" || (given(method.method) && !given(method.service));
}

bool has_patterns(const objects::GrpcRoute& route) {
  for (const auto& rule : route.rules)
    for (const auto& match : rule.matches)
      if (match.method && is_pattern(*match.method)) return true;
  return false;
}

/// Names of services have no other special character than the dot.
std::string literal(std::string_view name) {
  std::string pattern;
  for (const char c : name) {
    if (c == '.') pattern += '\\';
    pattern += c;
  }
  return pattern;
}

std::string part(const GrpcMethodMatch& method, const std::optional<std::string>& text) {
  const auto* name = given(text);
  if (!name) return std::string(kAnyName);
  return method.type == "RegularExpression" ? "(?:" + *name + ")" : literal(*name);
}

std::uint32_t length_of(const std::optional<std::string>& text) {
  return static_cast<std::uint32_t>(text.value_or("").size());
}

/// Characters of the service count before those of the method; both have at most 1024.
std::uint32_t rank_of(const GrpcMethodMatch& method) {
  return 1 + length_of(method.service) * 2048 + length_of(method.method);
}

objects::HttpPathMatch to_path(const GrpcMethodMatch& method, bool beside_patterns) {
  const bool is_whole = given(method.service) && given(method.method);
  const bool is_prefix = given(method.service) && !given(method.method);
  objects::HttpPathMatch path;
  if (is_pattern(method) || (is_prefix && beside_patterns))
    path = {"RegularExpression",
            fmt::format("/{}/{}", part(method, method.service), part(method, method.method)),
            rank_of(method)};
  else if (is_whole)
    path = {"Exact", fmt::format("/{}/{}", *method.service, *method.method)};
  else
    path = {"PathPrefix", "/" + *method.service};
  return path;
}

objects::HttpRouteRule to_rule(const objects::GrpcRouteRule& rule, bool beside_patterns) {
  objects::HttpRouteRule result;
  result.name = rule.name;
  for (const auto& match : rule.matches) {
    auto& to = result.matches.emplace_back();
    if (match.method) to.path = to_path(*match.method, beside_patterns);
    to.headers = match.headers;
  }
  result.filters = rule.filters;
  result.backend_refs = rule.backend_refs;
  result.session_persistence = rule.session_persistence;
  return result;
}

template <typename Route>
std::shared_ptr<objects::HttpRoute> with_parents(const Route& route) {
  auto result = std::make_shared<objects::HttpRoute>();
  result->meta = route.meta;
  result->parent_refs = route.parent_refs;
  result->use_default_gateways = route.use_default_gateways;
  return result;
}

template <typename Route>
std::shared_ptr<objects::HttpRoute> with_backends(const Route& route) {
  auto result = with_parents(route);
  auto& rule = result->rules.emplace_back();
  if (route.rules.empty()) return result;
  rule.name = route.rules.front().name;
  for (const auto& ref : route.rules.front().backend_refs) rule.backend_refs.push_back({ref, ref.weight, {}});
  return result;
}

}  // namespace

std::string_view name_of(RouteKind kind) {
  return kNames[static_cast<std::size_t>(kind)];
}

std::string RouteName::title() const {
  return fmt::format("{} {}", name_of(kind), full_name);
}

RoutePointer to_http_form(const objects::GrpcRoute& route) {
  auto result = with_parents(route);
  result->hostnames = route.hostnames;
  const bool beside_patterns = has_patterns(route);
  for (const auto& rule : route.rules) result->rules.push_back(to_rule(rule, beside_patterns));
  return result;
}

RoutePointer to_http_form(const objects::TlsRoute& route) {
  auto result = with_backends(route);
  result->hostnames = route.hostnames;
  return result;
}

RoutePointer to_http_form(const objects::TcpRoute& route) {
  return with_backends(route);
}

RoutePointer to_http_form(const objects::UdpRoute& route) {
  return with_backends(route);
}

}  // namespace gatehouse::translate
