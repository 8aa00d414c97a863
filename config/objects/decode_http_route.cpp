// SPDX-License-Identifier: Apache-2.0
// HTTPRoute, without its filters.
#include <fmt/format.h>

#include <array>
#include <set>
#include <tuple>

#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::array<std::string_view, 3> kPathTypes{"Exact", "PathPrefix", "RegularExpression"};
constexpr std::array<std::string_view, 2> kValueTypes{"Exact", "RegularExpression"};
constexpr std::array<std::string_view, 9> kMethods{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                   "CONNECT", "OPTIONS", "TRACE", "PATCH"};
constexpr std::size_t kMaxParentRefs = 32;
constexpr std::size_t kMaxHostnames = 16;
constexpr std::size_t kMaxRules = 16;
constexpr std::size_t kMaxMatchesPerRule = 64;
constexpr std::size_t kMaxMatchesPerRoute = 128;
constexpr std::size_t kMaxValueMatches = 16;
constexpr std::size_t kMaxBackendRefs = 16;
constexpr Range kWeightRange{0, 1'000'000};

ParentReference read_parent_ref(Reader& reader) {
  ParentReference ref;
  ref.group = reader.text_or("group", ref.group, check_group);
  ref.kind = reader.text_or("kind", ref.kind, check_kind);
  ref.ns = reader.text("namespace", check_dns_label);
  ref.name = reader.required_text("name", check_not_empty);
  ref.section_name = reader.text("sectionName", check_dns_subdomain);
  if (const auto port = reader.integer("port", kPortRange)) ref.port = static_cast<std::int32_t>(*port);
  return ref;
}

void check_parent_refs(Reader& spec, const std::vector<ParentReference>& refs) {
  for (std::size_t i = 0; i < refs.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (refs[i] == refs[j])
        return spec.error_at("parentRefs", {fmt::format("parent {} is named twice", refs[i].name),
                                            "remove one, or give each its sectionName or port"});
}

HttpPathMatch read_path(Reader& reader) {
  HttpPathMatch path;
  path.type = reader.choice("type", kPathTypes, path.type);
  path.value =
      reader.text_or("value", path.value, path.type == "RegularExpression" ? check_pattern : check_path);
  return path;
}

HttpValueMatch read_value_match(Reader& reader, Check name) {
  HttpValueMatch match;
  match.type = reader.choice("type", kValueTypes, match.type);
  match.name = reader.required_text("name", name);
  match.value = reader.required_text("value", check_match_value);
  return match;
}

std::vector<HttpValueMatch> read_value_matches(Reader& reader, std::string_view key, Check name) {
  std::vector<HttpValueMatch> matches;
  std::set<std::string> names;
  reader.each(key, kMaxValueMatches, [&](Reader& entry) {
    matches.push_back(read_value_match(entry, name));
    if (!names.insert(matches.back().name).second)
      entry.error_at("name",
                     {fmt::format("\"{}\" appears twice in {}", matches.back().name, key), "remove one"});
  });
  return matches;
}

HttpRouteMatch read_match(Reader& reader) {
  HttpRouteMatch match;
  reader.object("path", [&](Reader& path) { match.path = read_path(path); });
  match.headers = read_value_matches(reader, "headers", check_header_name);
  match.query_params = read_value_matches(reader, "queryParams", check_header_name);
  if (reader.has("method")) match.method = reader.choice("method", kMethods, "");
  return match;
}

HttpBackendRef read_backend_ref(Reader& reader) {
  HttpBackendRef ref;
  ref.group = reader.text_or("group", ref.group, check_group);
  ref.kind = reader.text_or("kind", ref.kind, check_kind);
  ref.ns = reader.text("namespace", check_dns_label);
  ref.name = reader.required_text("name", check_not_empty);
  if (const auto port = reader.integer("port", kPortRange)) ref.port = static_cast<std::int32_t>(*port);
  if (ref.group.empty() && ref.kind == "Service" && !reader.has("port"))
    reader.error_at("port", {"is required for a Service", "add the Service's port"});
  ref.weight = static_cast<std::int32_t>(reader.integer("weight", kWeightRange).value_or(ref.weight));
  ref.filters = decode_filters(reader);
  return ref;
}

std::optional<std::chrono::milliseconds> read_duration(Reader& reader, std::string_view key) {
  const auto text = reader.text(key, check_duration);
  return text ? parse_gep2257(*text) : std::nullopt;
}

HttpRouteTimeouts read_timeouts(Reader& reader) {
  HttpRouteTimeouts timeouts;
  timeouts.request = read_duration(reader, "request");
  timeouts.backend_request = read_duration(reader, "backendRequest");
  const bool both = timeouts.request && timeouts.backend_request;
  if (both && timeouts.request->count() > 0 && *timeouts.backend_request > *timeouts.request)
    reader.error_at("backendRequest", {"is longer than request", "shorten it, or lengthen request"});
  return timeouts;
}

HttpRouteRule read_rule(Reader& reader) {
  HttpRouteRule rule;
  rule.name = reader.text("name", check_dns_subdomain);
  reader.each("matches", kMaxMatchesPerRule,
              [&](Reader& match) { rule.matches.push_back(read_match(match)); });
  if (rule.matches.empty()) rule.matches.emplace_back();
  rule.filters = decode_filters(reader);
  reader.each("backendRefs", kMaxBackendRefs,
              [&](Reader& ref) { rule.backend_refs.push_back(read_backend_ref(ref)); });
  reader.object("timeouts", [&](Reader& timeouts) { rule.timeouts = read_timeouts(timeouts); });
  return rule;
}

void check_rules(Reader& spec, const std::vector<HttpRouteRule>& rules) {
  std::set<std::string> names;
  std::size_t matches = 0;
  for (const auto& rule : rules) {
    matches += rule.matches.size();
    if (rule.name && !names.insert(*rule.name).second)
      spec.error_at("rules", {fmt::format("two rules have the name {}", *rule.name), "rename one"});
  }
  if (matches > kMaxMatchesPerRoute)
    spec.error_at("rules",
                  {fmt::format("have {} matches, at most {} are allowed", matches, kMaxMatchesPerRoute),
                   "split the route"});
}

}  // namespace

void decode(Reader& root, HttpRoute& to) {
  root.object("spec", [&](Reader& spec) {
    spec.each("parentRefs", kMaxParentRefs,
              [&](Reader& ref) { to.parent_refs.push_back(read_parent_ref(ref)); });
    check_parent_refs(spec, to.parent_refs);
    to.hostnames = spec.texts("hostnames", kMaxHostnames, check_hostname);
    spec.each("rules", kMaxRules, [&](Reader& rule) { to.rules.push_back(read_rule(rule)); });
    if (spec.is_empty_list("rules"))
      spec.error_at("rules", {"must not be empty", "add a rule, or remove rules: for the default one"});
    check_rules(spec, to.rules);
  });
  if (to.rules.empty()) to.rules.emplace_back().matches.emplace_back();
}

}  // namespace gatehouse::objects
