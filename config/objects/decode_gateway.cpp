// SPDX-License-Identifier: Apache-2.0
// GatewayClass and Gateway.
#include <fmt/format.h>

#include <array>
#include <set>
#include <tuple>

#include "base/ip.h"
#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::array<std::string_view, 4> kFrom{"All", "Selector", "Same", "None"};
constexpr std::array<std::string_view, 4> kOperators{"In", "NotIn", "Exists", "DoesNotExist"};
constexpr std::size_t kMaxListeners = 64;
constexpr std::size_t kMaxAddresses = 16;
constexpr std::size_t kMaxRouteKinds = 8;
constexpr std::size_t kMaxSelectorTerms = 64;
constexpr std::size_t kMaxSelectorValues = 64;

ParametersReference read_parameters_ref(Reader& reader) {
  ParametersReference ref;
  ref.group = reader.text_or("group", "", check_group);
  ref.kind = reader.required_text("kind", check_kind);
  ref.name = reader.required_text("name", check_not_empty);
  ref.ns = reader.text("namespace", check_dns_label);
  return ref;
}

LabelSelectorRequirement read_requirement(Reader& reader) {
  LabelSelectorRequirement term;
  term.key = reader.required_text("key", check_not_empty);
  if (!reader.has("operator"))
    reader.error_at("operator", {"is required", "write In, NotIn, Exists or DoesNotExist"});
  term.op = reader.choice("operator", kOperators, "");
  term.values = reader.texts("values", kMaxSelectorValues, nullptr);
  const bool wants_values = term.op == "In" || term.op == "NotIn";
  if (wants_values && term.values.empty())
    reader.error_at("values", {"is required with " + term.op, "list at least one value"});
  if (!wants_values && !term.op.empty() && !term.values.empty())
    reader.error_at("values", {"must be empty with " + term.op, "remove it"});
  return term;
}

AllowedRoutes read_allowed_routes(Reader& reader) {
  AllowedRoutes allowed;
  reader.object("namespaces", [&](Reader& namespaces) {
    allowed.from = namespaces.choice("from", kFrom, allowed.from);
    namespaces.object("selector", [&](Reader& selector) {
      auto& to = allowed.selector.emplace();
      to.match_labels = selector.text_map("matchLabels");
      selector.each("matchExpressions", kMaxSelectorTerms,
                    [&](Reader& term) { to.match_expressions.push_back(read_requirement(term)); });
    });
  });
  reader.each("kinds", kMaxRouteKinds, [&](Reader& kind) {
    RouteGroupKind& entry = allowed.kinds.emplace_back();
    entry.group = kind.text_or("group", entry.group, check_group);
    entry.kind = kind.required_text("kind", check_kind);
  });
  return allowed;
}

void check_listener(Reader& reader, const GatewayListener& listener) {
  const bool has_hostnames = listener.protocol != "TCP" && listener.protocol != "UDP";
  if (!has_hostnames && listener.hostname)
    reader.error_at("hostname", {"must not be set for protocol " + listener.protocol, "remove it"});
  if ((!has_hostnames || listener.protocol == "HTTP") && reader.has("tls"))
    reader.error_at(
        "tls", {"must not be set for protocol " + listener.protocol, "remove it, or use protocol HTTPS"});
}

GatewayListener read_listener(Reader& reader) {
  GatewayListener listener;
  listener.name = reader.required_text("name", check_dns_subdomain);
  listener.hostname = reader.text("hostname");
  if (listener.hostname && listener.hostname->empty()) listener.hostname.reset();
  if (listener.hostname)
    if (const auto complaint = check_hostname(*listener.hostname)) reader.error_at("hostname", *complaint);
  if (!reader.has("port")) reader.error_at("port", {"is required", "add port: 80"});
  listener.port = static_cast<std::int32_t>(reader.integer("port", kPortRange).value_or(0));
  listener.protocol = reader.required_text("protocol", check_protocol);
  reader.object("allowedRoutes",
                [&](Reader& allowed) { listener.allowed_routes = read_allowed_routes(allowed); });
  check_listener(reader, listener);
  return listener;
}

void check_listeners(Reader& spec, const std::vector<GatewayListener>& listeners) {
  std::set<std::string> names;
  std::set<std::tuple<std::int32_t, std::string, std::string>> places;
  for (const auto& listener : listeners) {
    if (!names.insert(listener.name).second)
      spec.error_at("listeners",
                    {fmt::format("two listeners have the name {}", listener.name), "rename one"});
    if (!places.emplace(listener.port, listener.protocol, listener.hostname.value_or("")).second)
      spec.error_at("listeners",
                    {fmt::format("two listeners have port {}, protocol {} and hostname \"{}\"", listener.port,
                                 listener.protocol, listener.hostname.value_or("")),
                     "remove one, or give it another hostname or port"});
  }
}

GatewayAddress read_address(Reader& reader) {
  GatewayAddress address;
  address.type = reader.text_or("type", address.type, check_not_empty);
  address.value = reader.text_or("value", "");
  if (address.type == "IPAddress" && !address.value.empty() && !IpAddress::parse(address.value))
    reader.error_at("value", {fmt::format("\"{}\" is not an IP address", address.value),
                              "write an address such as 192.0.2.10"});
  if (address.type == "Hostname" && !address.value.empty())
    if (const auto complaint = check_hostname(address.value)) reader.error_at("value", *complaint);
  return address;
}

}  // namespace

void decode(Reader& root, GatewayClass& to) {
  const bool given = root.object("spec", [&](Reader& spec) {
    to.controller_name = spec.required_text("controllerName", check_controller_name);
    to.description = spec.text_or("description", "");
    spec.object("parametersRef", [&](Reader& ref) { to.parameters_ref = read_parameters_ref(ref); });
  });
  if (!given) root.error_at("spec", {"is required", "add spec: with a controllerName:"});
}

void decode(Reader& root, Gateway& to) {
  const bool given = root.object("spec", [&](Reader& spec) {
    to.gateway_class_name = spec.required_text("gatewayClassName", check_not_empty);
    spec.each("listeners", kMaxListeners,
              [&](Reader& listener) { to.listeners.push_back(read_listener(listener)); });
    if (!spec.has("listeners") || spec.is_empty_list("listeners"))
      spec.error_at("listeners", {"is required", "add at least one listener"});
    check_listeners(spec, to.listeners);
    spec.each("addresses", kMaxAddresses,
              [&](Reader& address) { to.addresses.push_back(read_address(address)); });
  });
  if (!given) root.error_at("spec", {"is required", "add spec: with gatewayClassName: and listeners:"});
}

}  // namespace gatehouse::objects
