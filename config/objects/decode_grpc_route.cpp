// SPDX-License-Identifier: Apache-2.0
// GRPCRoute.
#include <array>

#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::array<std::string_view, 2> kMethodTypes{"Exact", "RegularExpression"};

GrpcMethodMatch read_method(Reader& reader) {
  GrpcMethodMatch match;
  match.type = reader.choice("type", kMethodTypes, match.type);
  const bool is_pattern = match.type == "RegularExpression";
  match.service = reader.text("service", is_pattern ? check_pattern : check_grpc_service);
  match.method = reader.text("method", is_pattern ? check_pattern : check_grpc_method);
  if (!reader.has("service") && !reader.has("method"))
    reader.error({"needs a service, a method or both", "add one, or remove method: to match every call"});
  return match;
}

GrpcRouteMatch read_match(Reader& reader) {
  GrpcRouteMatch match;
  reader.object("method", [&](Reader& method) { match.method = read_method(method); });
  match.headers = read_value_matches(reader, "headers", check_not_empty);
  return match;
}

GrpcRouteRule read_rule(Reader& reader) {
  GrpcRouteRule rule;
  rule.name = reader.text("name", check_dns_subdomain);
  reader.each("matches", kMaxMatchesPerRule,
              [&](Reader& match) { rule.matches.push_back(read_match(match)); });
  rule.filters = read_filters(reader, FilterSet::grpc);
  reader.each("backendRefs", kMaxBackendRefs,
              [&](Reader& ref) { rule.backend_refs.push_back(read_http_backend(ref, FilterSet::grpc)); });
  reader.object("sessionPersistence",
                [&](Reader& session) { rule.session_persistence = read_session_persistence(session); });
  return rule;
}

void check_rules(Reader& spec, const std::vector<GrpcRouteRule>& rules) {
  std::size_t matches = 0;
  std::vector<std::optional<std::string>> names;
  for (const auto& rule : rules) {
    matches += rule.matches.size();
    names.push_back(rule.name);
  }
  check_rule_names(spec, names);
  check_match_count(spec, matches);
}

}  // namespace

void decode(Reader& root, GrpcRoute& to) {
  read_spec(root, "add spec: with parentRefs: and rules:", [&](Reader& spec) {
    to.parent_refs = read_parent_refs(spec);
    to.use_default_gateways = read_default_gateways(spec);
    to.hostnames = read_hostnames(spec);
    spec.each("rules", kMaxRules, [&](Reader& rule) { to.rules.push_back(read_rule(rule)); });
    check_rules(spec, to.rules);
  });
}

}  // namespace gatehouse::objects
