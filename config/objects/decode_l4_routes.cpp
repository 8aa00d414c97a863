// SPDX-License-Identifier: Apache-2.0
// TLSRoute, TCPRoute and UDPRoute. Of their older versions only v1alpha2 has other rules: several rules, and
// a TLSRoute without hostnames.
#include <fmt/format.h>

#include "base/ip.h"
#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::size_t kMaxTlsHostnames = 1024;

enum class Schema : std::uint8_t { current, v1alpha2 };

Schema schema_of(Reader& root) {
  return root.text_or("apiVersion", "").ends_with("/v1alpha2") ? Schema::v1alpha2 : Schema::current;
}

L4BackendRef read_backend(Reader& reader) {
  L4BackendRef ref;
  read_backend_ref(reader, ref);
  ref.weight = reader.small_integer("weight", kWeightRange).value_or(ref.weight);
  return ref;
}

L4RouteRule read_rule(Reader& reader) {
  L4RouteRule rule;
  rule.name = reader.text("name", check_dns_subdomain);
  reader.require_list("backendRefs", "name a Service and its port");
  reader.each("backendRefs", kMaxBackendRefs,
              [&](Reader& ref) { rule.backend_refs.push_back(read_backend(ref)); });
  return rule;
}

std::vector<L4RouteRule> read_rules(Reader& spec, Schema schema) {
  std::vector<L4RouteRule> rules;
  spec.require_list("rules", "add one rule with backendRefs:");
  spec.each("rules", schema == Schema::current ? 1 : kMaxRules,
            [&](Reader& rule) { rules.push_back(read_rule(rule)); });
  std::vector<std::optional<std::string>> names;
  for (const auto& rule : rules) names.push_back(rule.name);
  check_rule_names(spec, names);
  if (rules.size() > 1)
    spec.warning_at("rules",
                    {"have several entries, of which only the first is used: nothing tells the others apart",
                     "put all backends into one rule"});
  return rules;
}

std::vector<std::string> read_server_names(Reader& spec, Schema schema) {
  if (schema == Schema::current) spec.require_list("hostnames", "add the server names");
  auto hostnames = spec.texts("hostnames", kMaxTlsHostnames, check_hostname);
  for (std::size_t i = 0; i < hostnames.size(); ++i) {
    if (schema == Schema::v1alpha2)
      warn_of_address(spec, "hostnames", hostnames[i]);
    else if (IpAddress::parse(hostnames[i]))
      spec.error_in("hostnames", i,
                    {fmt::format("\"{}\" is an IP address, not a DNS name", hostnames[i]), "use a DNS name"});
  }
  return hostnames;
}

template <typename Route>
void read_route(Reader& spec, Schema schema, Route& to) {
  to.parent_refs = read_parent_refs(spec);
  to.use_default_gateways = read_default_gateways(spec);
  to.rules = read_rules(spec, schema);
}

}  // namespace

void decode(Reader& root, TlsRoute& to) {
  const auto schema = schema_of(root);
  read_spec(root, "add spec: with parentRefs:, hostnames: and rules:", [&](Reader& spec) {
    to.hostnames = read_server_names(spec, schema);
    read_route(spec, schema, to);
  });
}

void decode(Reader& root, TcpRoute& to) {
  const auto schema = schema_of(root);
  read_spec(root,
            "add spec: with parentRefs: and rules:", [&](Reader& spec) { read_route(spec, schema, to); });
}

void decode(Reader& root, UdpRoute& to) {
  const auto schema = schema_of(root);
  read_spec(root,
            "add spec: with parentRefs: and rules:", [&](Reader& spec) { read_route(spec, schema, to); });
}

}  // namespace gatehouse::objects
