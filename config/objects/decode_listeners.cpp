// SPDX-License-Identifier: Apache-2.0
// spec.listeners of Gateways and ListenerSets.
#include <fmt/format.h>

#include <array>
#include <set>
#include <tuple>

#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::array<std::string_view, 3> kFrom{"All", "Selector", "Same"};
constexpr std::array<std::string_view, 2> kTlsModes{"Terminate", "Passthrough"};
constexpr std::array<std::string_view, 2> kFilterTypes{"ExternalAuth", "ExtensionRef"};
constexpr std::array<UnionMember, 2> kFilters{
    {{"ExternalAuth", "externalAuth"}, {"ExtensionRef", "extensionRef"}}};
constexpr std::size_t kMaxListeners = 64;
constexpr std::size_t kMaxRouteKinds = 8;
constexpr std::size_t kMaxCertificates = 64;
constexpr std::size_t kMaxTlsOptions = 16;
constexpr std::size_t kMaxListenerFilters = 16;

AllowedRoutes read_allowed_routes(Reader& reader) {
  AllowedRoutes allowed;
  reader.object("namespaces", [&](Reader& namespaces) {
    allowed.from = namespaces.choice("from", kFrom, allowed.from);
    namespaces.object("selector", [&](Reader& selector) { allowed.selector = read_selector(selector); });
  });
  reader.each("kinds", kMaxRouteKinds, [&](Reader& kind) {
    RouteGroupKind& entry = allowed.kinds.emplace_back();
    entry.group = kind.text_or("group", entry.group, check_group);
    entry.kind = kind.required_text("kind", check_kind);
  });
  return allowed;
}

ListenerTls read_tls(Reader& reader) {
  ListenerTls tls;
  tls.mode = reader.choice("mode", kTlsModes, tls.mode);
  reader.each("certificateRefs", kMaxCertificates,
              [&](Reader& ref) { tls.certificate_refs.push_back(read_secret_ref(ref)); });
  tls.options = reader.text_map("options", {kMaxTlsOptions, nullptr, [](std::string_view text) {
                                              return text.empty() ? std::nullopt : check_not_empty(text);
                                            }});
  if (tls.mode == "Terminate" && tls.certificate_refs.empty() && tls.options.empty())
    reader.error_at("certificateRefs",
                    {"is required for mode Terminate, unless there are options", "name a Secret"});
  return tls;
}

ListenerFilter read_filter(Reader& reader) {
  ListenerFilter filter;
  filter.type = reader.required_choice("type", kFilterTypes);
  check_union(reader, kFilters, filter.type);
  reader.object("externalAuth", [&](Reader& auth) { filter.external_auth = read_external_auth(auth); });
  reader.object("extensionRef", [&](Reader& ref) { filter.extension_ref = read_local_ref(ref); });
  return filter;
}

void check_tls(Reader& reader, const GatewayListener& listener) {
  const auto& protocol = listener.protocol;
  const bool plain = protocol == "HTTP" || protocol == "TCP" || protocol == "UDP";
  if (plain && reader.has("tls"))
    reader.error_at("tls", {"must not be set for protocol " + protocol, "remove it, or use protocol HTTPS"});
  if (protocol == "HTTPS" && listener.tls && listener.tls->mode != "Terminate")
    reader.error_at("tls", {"must have mode Terminate for protocol HTTPS", "use it, or protocol TLS"});
  if (protocol == "TLS" && !reader.has("tls"))
    reader.error_at("tls", {"is required for protocol TLS", "add tls: with a mode:"});
}

/// A ListenerSet has no such rule for filters: there they become a condition.
void check_protocol_fields(Reader& reader, const GatewayListener& listener, ListenerOwner owner) {
  const auto& protocol = listener.protocol;
  if ((protocol == "TCP" || protocol == "UDP") && reader.has("hostname"))
    reader.error_at("hostname", {"must not be set for protocol " + protocol, "remove it"});
  if (owner == ListenerOwner::gateway && reader.has("filters") && protocol != "HTTP" && protocol != "HTTPS")
    reader.error_at("filters", {"must not be set for protocol " + protocol, "use protocol HTTP or HTTPS"});
  check_tls(reader, listener);
}

GatewayListener read_listener(Reader& reader, ListenerOwner owner) {
  GatewayListener listener;
  listener.name = reader.required_text("name", check_dns_subdomain);
  listener.hostname = reader.text("hostname", check_hostname);
  if (listener.hostname) warn_of_address(reader, "hostname", *listener.hostname);
  reader.require("port", "add port: 80");
  listener.port = reader.small_integer("port", kPortRange).value_or(0);
  listener.protocol = reader.required_text("protocol", check_protocol);
  reader.object("tls", [&](Reader& tls) { listener.tls = read_tls(tls); });
  reader.object("allowedRoutes",
                [&](Reader& allowed) { listener.allowed_routes = read_allowed_routes(allowed); });
  reader.object("filters", [&](Reader& filters) {
    filters.each("requests", kMaxListenerFilters,
                 [&](Reader& filter) { listener.request_filters.push_back(read_filter(filter)); });
  });
  check_protocol_fields(reader, listener, owner);
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

}  // namespace

std::vector<GatewayListener> read_listeners(Reader& spec, ListenerOwner owner) {
  std::vector<GatewayListener> listeners;
  spec.require_list("listeners", "add at least one listener");
  spec.each("listeners", kMaxListeners,
            [&](Reader& listener) { listeners.push_back(read_listener(listener, owner)); });
  check_listeners(spec, listeners);
  return listeners;
}

}  // namespace gatehouse::objects
