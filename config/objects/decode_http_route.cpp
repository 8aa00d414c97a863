// SPDX-License-Identifier: Apache-2.0
// HTTPRoute, without its filters.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::array<std::string_view, 3> kPathTypes{"Exact", "PathPrefix", "RegularExpression"};
constexpr std::array<std::string_view, 9> kMethods{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                   "CONNECT", "OPTIONS", "TRACE", "PATCH"};
constexpr Range kRetryCodes{400, 599};

HttpPathMatch read_path(Reader& reader) {
  HttpPathMatch path;
  path.type = reader.choice("type", kPathTypes, path.type);
  path.value =
      reader.text_or("value", path.value, path.type == "RegularExpression" ? check_pattern : check_path);
  return path;
}

HttpRouteMatch read_match(Reader& reader) {
  HttpRouteMatch match;
  reader.object("path", [&](Reader& path) { match.path = read_path(path); });
  match.headers = read_value_matches(reader, "headers", check_header_value);
  match.query_params = read_value_matches(reader, "queryParams", check_query_value);
  match.method = reader.optional_choice("method", kMethods);
  return match;
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
  rule.filters = read_filters(reader, FilterSet::http);
  reader.each("backendRefs", kMaxBackendRefs,
              [&](Reader& ref) { rule.backend_refs.push_back(read_http_backend(ref, FilterSet::http)); });
  reader.object("timeouts", [&](Reader& timeouts) { rule.timeouts = read_timeouts(timeouts); });
  reader.object("retry", [&](Reader& retry) { rule.retry = read_retry(retry); });
  reader.object("sessionPersistence",
                [&](Reader& session) { rule.session_persistence = read_session_persistence(session); });
  check_rule(reader, rule);
  return rule;
}

}  // namespace

void decode(Reader& root, HttpRoute& to) {
  read_spec(root, "add spec: with parentRefs: and rules:", [&](Reader& spec) {
    to.parent_refs = read_parent_refs(spec);
    to.use_default_gateways = read_default_gateways(spec);
    to.hostnames = read_hostnames(spec);
    spec.each("rules", kMaxRules, [&](Reader& rule) { to.rules.push_back(read_rule(rule)); });
    if (spec.is_empty_list("rules"))
      spec.error_at("rules", {"must not be empty", "add a rule, or remove rules: for the default one"});
    std::size_t matches = 0;
    std::vector<std::optional<std::string>> names;
    for (const auto& rule : to.rules) {
      matches += rule.matches.size();
      names.push_back(rule.name);
    }
    check_rule_names(spec, names);
    check_match_count(spec, matches);
  });
  if (to.rules.empty()) to.rules.emplace_back();
  for (auto& rule : to.rules)  // an empty list is taken, and means the same as none
    if (rule.matches.empty()) rule.matches.emplace_back();
}

}  // namespace gatehouse::objects
