// SPDX-License-Identifier: Apache-2.0
// The pass that looks at each listener by itself: its protocol and the kinds of routes it takes.
#include <fmt/format.h>

#include <algorithm>

#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

/// Kinds of routes that a protocol can carry; none for a protocol that is not served.
std::vector<std::string_view> kinds_of(const std::string& protocol) {
  if (protocol == "HTTP" || protocol == "HTTPS")
    return {objects::HttpRoute::kKind, objects::GrpcRoute::kKind};
  if (protocol == "TLS") return {objects::TlsRoute::kKind};
  if (protocol == "TCP") return {objects::TcpRoute::kKind};
  if (protocol == "UDP") return {objects::UdpRoute::kKind};
  return {};
}

bool takes_filters(const std::string& protocol) {
  return protocol == "HTTP" || protocol == "HTTPS";
}

Verdict check_listener(const GatewayDraft& gateway, const ListenerDraft& listener) {
  const auto& spec = *listener.spec;
  const auto place = place_of(gateway, listener);
  // The API server sees to this for Gateways only.
  if (!spec.request_filters.empty() && !takes_filters(spec.protocol))
    return Verdict::bad(
        "InvalidListenerFilter",
        fmt::format("{}: filters.requests cannot be set for protocol {}: remove them", place, spec.protocol));
  if (kinds_of(spec.protocol).empty())
    return Verdict::bad(
        "UnsupportedProtocol",
        fmt::format("{}: protocol {} is not served: use HTTP, HTTPS, TLS, TCP or UDP", place, spec.protocol));
  return {};
}

/// What the listener may serve, narrowed by allowedRoutes.kinds.
void decide_kinds(const GatewayDraft& gateway, ListenerDraft& listener) {
  const auto served = kinds_of(listener.spec->protocol);
  const auto& wanted = listener.spec->allowed_routes.kinds;
  if (wanted.empty()) {
    for (const auto kind : served)
      listener.supported_kinds.push_back({objects::kGatewayGroup, std::string(kind)});
    return;
  }
  Findings unknown;
  for (const auto& kind : wanted) {
    const bool is_served = kind.group == objects::kGatewayGroup &&
                           std::find(served.begin(), served.end(), kind.kind) != served.end();
    auto& kinds = listener.supported_kinds;
    if (is_served && std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
    if (is_served) continue;
    const bool is_ours = kind.group.empty() || kind.group == objects::kGatewayGroup;
    unknown.add("InvalidRouteKinds",
                fmt::format("{}: allowedRoutes.kinds: {}{} cannot be served by protocol {}: use {}",
                            place_of(gateway, listener), is_ours ? "" : kind.group + "/", kind.kind,
                            listener.spec->protocol, fmt::join(served, " or ")));
  }
  listener.resolved_refs = unknown.verdict();
}

}  // namespace

const objects::ObjectMeta& owner_of(const GatewayDraft& gateway, const ListenerDraft& listener) {
  return listener.set ? listener.set->object->meta : gateway.object->meta;
}

std::string place_of(const GatewayDraft& gateway, const ListenerDraft& listener) {
  return fmt::format("{} {}: listener {}",
                     listener.set ? objects::ListenerSet::kKind : objects::Gateway::kKind,
                     owner_of(gateway, listener).full_name(), listener.spec->name);
}

void listeners(Draft& draft) {
  for (auto& gateway : draft.gateways) {
    for (auto& listener : gateway.listeners) {
      listener.accepted = check_listener(gateway, listener);
      if (listener.accepted.ok) decide_kinds(gateway, listener);
    }
  }
}

}  // namespace gatehouse::translate
