// SPDX-License-Identifier: Apache-2.0
// HTTPRoute, without its filters.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::array<std::string_view, 3> kPathTypes{"Exact", "PathPrefix", "RegularExpression"};
constexpr std::array<std::string_view, 2> kValueTypes{"Exact", "RegularExpression"};
constexpr std::array<std::string_view, 9> kMethods{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                   "CONNECT", "OPTIONS", "TRACE", "PATCH"};
constexpr std::array<std::string_view, 2> kScopes{"All", "None"};
constexpr std::size_t kMaxParentRefs = 32;
constexpr std::size_t kMaxHostnames = 16;
constexpr std::size_t kMaxRules = 16;
constexpr std::size_t kMaxMatchesPerRule = 64;
constexpr std::size_t kMaxMatchesPerRoute = 128;
constexpr std::size_t kMaxValueMatches = 16;
constexpr std::size_t kMaxBackendRefs = 16;
constexpr Range kWeightRange{0, 1'000'000};
constexpr Range kRetryCodes{400, 599};

bool same_parent(const ParentReference& a, const ParentReference& b) {
  return a.group == b.group && a.kind == b.kind && a.name == b.name && a.ns == b.ns;
}

/// Several references to one parent all say which part they mean, each another, in the same way.
void check_parent_refs(Reader& spec, const std::vector<ParentReference>& refs) {
  for (std::size_t i = 0; i < refs.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const auto &a = refs[i], &b = refs[j];
      if (!same_parent(a, b)) continue;
      if (a == b)
        return spec.error_at("parentRefs", {fmt::format("parent {} is named twice", a.name),
                                            "remove one, or give each its sectionName or port"});
      if (a.section_name.has_value() != b.section_name.has_value() ||
          a.port.has_value() != b.port.has_value())
        return spec.error_at(
            "parentRefs",
            {fmt::format("parent {} is named once with and once without sectionName or port", a.name),
             "give each reference the same of the two"});
    }
}

HttpPathMatch read_path(Reader& reader) {
  HttpPathMatch path;
  path.type = reader.choice("type", kPathTypes, path.type);
  path.value =
      reader.text_or("value", path.value, path.type == "RegularExpression" ? check_pattern : check_path);
  return path;
}

std::vector<HttpValueMatch> read_value_matches(Reader& reader, std::string_view key, Check value) {
  std::vector<HttpValueMatch> matches;
  std::set<std::string> names;
  reader.each(key, kMaxValueMatches, [&](Reader& entry) {
    auto& match = matches.emplace_back();
    match.type = entry.choice("type", kValueTypes, match.type);
    match.name = entry.required_text("name", check_header_name);
    match.value = entry.required_text("value", value);
    if (!names.insert(match.name).second)
      entry.error_at("name", {fmt::format("\"{}\" appears twice in {}", match.name, key), "remove one"});
  });
  return matches;
}

HttpRouteMatch read_match(Reader& reader) {
  HttpRouteMatch match;
  reader.object("path", [&](Reader& path) { match.path = read_path(path); });
  match.headers = read_value_matches(reader, "headers", check_header_value);
  match.query_params = read_value_matches(reader, "queryParams", check_query_value);
  match.method = reader.optional_choice("method", kMethods);
  return match;
}

HttpBackendRef read_http_backend(Reader& reader) {
  HttpBackendRef ref;
  read_backend_ref(reader, ref);
  ref.weight = reader.small_integer("weight", kWeightRange).value_or(ref.weight);
  ref.filters = read_filters(reader);
  return ref;
}

HttpRouteTimeouts read_timeouts(Reader& reader) {
  HttpRouteTimeouts timeouts;
  timeouts.request = reader.duration("request");
  timeouts.backend_request = reader.duration("backendRequest");
  const bool both = timeouts.request && timeouts.backend_request;
  if (both && timeouts.request->count() > 0 && *timeouts.backend_request > *timeouts.request)
    reader.error_at("backendRequest", {"is longer than request", "shorten it, or lengthen request"});
  return timeouts;
}

HttpRouteRetry read_retry(Reader& reader) {
  HttpRouteRetry retry;
  retry.codes = reader.integer_set("codes", kNoLimit, kRetryCodes);
  retry.attempts = reader.clamped_integer("attempts", 0).value_or(retry.attempts);
  retry.backoff = reader.duration("backoff");
  return retry;
}

/// Whether a filter of that kind replaces the prefix that the match has found.
enum class PathFilter : std::uint8_t { redirect, rewrite };

bool replaces_prefix(const HttpRouteFilter& filter, PathFilter which) {
  const HttpPathModifier* path = nullptr;
  if (which == PathFilter::redirect && filter.request_redirect && filter.request_redirect->path)
    path = &*filter.request_redirect->path;
  if (which == PathFilter::rewrite && filter.url_rewrite && filter.url_rewrite->path)
    path = &*filter.url_rewrite->path;
  return path != nullptr && path->type == "ReplacePrefixMatch" && path->replace_prefix_match;
}

bool one_replaces_prefix(const std::vector<HttpRouteFilter>& filters, PathFilter which) {
  return std::count_if(filters.begin(), filters.end(), [which](const HttpRouteFilter& filter) {
           return replaces_prefix(filter, which);
         }) == 1;
}

/// The CRD asks for "exactly one" such backendRef: several are its own blind spot.
bool one_backend_replaces_prefix(const HttpRouteRule& rule, PathFilter which) {
  return std::count_if(
             rule.backend_refs.begin(), rule.backend_refs.end(),
             [which](const HttpBackendRef& ref) { return one_replaces_prefix(ref.filters, which); }) == 1;
}

void check_rule(Reader& reader, const HttpRouteRule& rule) {
  const bool redirects =
      std::any_of(rule.filters.begin(), rule.filters.end(),
                  [](const HttpRouteFilter& filter) { return filter.request_redirect.has_value(); });
  if (redirects && !rule.backend_refs.empty())
    reader.error_at("backendRefs", {"do not go with a RequestRedirect filter", "remove one of the two"});
  if (rule.matches.size() == 1 && rule.matches.front().path.type == "PathPrefix") return;
  for (const auto which : {PathFilter::redirect, PathFilter::rewrite}) {
    const Complaint complaint{"replacePrefixMatch needs exactly one match, of type PathPrefix",
                              "split the rule, or use ReplaceFullPath"};
    if (one_replaces_prefix(rule.filters, which)) reader.error_at("filters", complaint);
    if (one_backend_replaces_prefix(rule, which)) reader.error_at("backendRefs", complaint);
  }
}

HttpRouteRule read_rule(Reader& reader) {
  HttpRouteRule rule;
  rule.name = reader.text("name", check_dns_subdomain);
  if (!reader.has("matches")) rule.matches.emplace_back();
  reader.each("matches", kMaxMatchesPerRule,
              [&](Reader& match) { rule.matches.push_back(read_match(match)); });
  rule.filters = read_filters(reader);
  reader.each("backendRefs", kMaxBackendRefs,
              [&](Reader& ref) { rule.backend_refs.push_back(read_http_backend(ref)); });
  reader.object("timeouts", [&](Reader& timeouts) { rule.timeouts = read_timeouts(timeouts); });
  reader.object("retry", [&](Reader& retry) { rule.retry = read_retry(retry); });
  reader.object("sessionPersistence",
                [&](Reader& session) { rule.session_persistence = read_session_persistence(session); });
  check_rule(reader, rule);
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
  read_spec(root, "add spec: with parentRefs: and rules:", [&](Reader& spec) {
    spec.each("parentRefs", kMaxParentRefs,
              [&](Reader& ref) { to.parent_refs.push_back(read_parent_ref(ref)); });
    check_parent_refs(spec, to.parent_refs);
    to.use_default_gateways = spec.choice("useDefaultGateways", kScopes, "");
    to.hostnames = spec.texts("hostnames", kMaxHostnames, check_hostname);
    for (const auto& hostname : to.hostnames) warn_of_address(spec, "hostnames", hostname);
    spec.each("rules", kMaxRules, [&](Reader& rule) { to.rules.push_back(read_rule(rule)); });
    if (spec.is_empty_list("rules"))
      spec.error_at("rules", {"must not be empty", "add a rule, or remove rules: for the default one"});
    check_rules(spec, to.rules);
  });
  if (to.rules.empty()) to.rules.emplace_back();
  for (auto& rule : to.rules)  // an empty list is taken, and means the same as none
    if (rule.matches.empty()) rule.matches.emplace_back();
}

}  // namespace gatehouse::objects
