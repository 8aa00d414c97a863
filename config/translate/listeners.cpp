// SPDX-License-Identifier: Apache-2.0
// Passes over the listeners of Gateways: each by itself, then the listeners of a Gateway against each other.
#include <fmt/format.h>

#include <algorithm>

#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

constexpr std::string_view kGatewayGroup = "gateway.networking.k8s.io";

std::string field_of(const GatewayDraft& gateway, const ListenerDraft& listener) {
  return fmt::format("Gateway {}: listener {}", gateway.object->meta.full_name(), listener.spec->name);
}

Verdict check_listener(const GatewayDraft& gateway, const ListenerDraft& listener) {
  const auto& spec = *listener.spec;
  const auto where = field_of(gateway, listener);
  if (spec.protocol != "HTTP")
    return Verdict::bad(
        "UnsupportedProtocol",
        fmt::format("{}: protocol {} is not served by this version: use HTTP", where, spec.protocol));
  return {};
}

/// What a listener of protocol HTTP may serve, narrowed by allowedRoutes.kinds.
void decide_kinds(const GatewayDraft& gateway, ListenerDraft& listener) {
  const objects::RouteGroupKind http_route{std::string(kGatewayGroup), objects::HttpRoute::kKind};
  const auto& wanted = listener.spec->allowed_routes.kinds;
  if (wanted.empty()) listener.supported_kinds = {http_route};
  for (const auto& kind : wanted) {
    if (kind == http_route) {
      listener.supported_kinds = {http_route};
      continue;
    }
    listener.resolved_refs =
        Verdict::bad("InvalidRouteKinds",
                     fmt::format("{}: allowedRoutes.kinds: {} cannot be served by protocol {}: use HTTPRoute",
                                 field_of(gateway, listener), kind.kind, listener.spec->protocol));
  }
}

/// Protocols that may share a port, told apart by hostname; empty for a protocol nobody knows.
std::string_view family_of(const std::string& protocol) {
  if (protocol == "HTTP") return "HTTP";
  if (protocol == "HTTPS" || protocol == "TLS") return "TLS";
  if (protocol == "TCP") return "TCP";
  if (protocol == "UDP") return "UDP";
  return {};
}

Verdict conflict_between(const GatewayDraft& gateway, const ListenerDraft& a, const ListenerDraft& b) {
  const auto mine = family_of(a.spec->protocol);
  const auto theirs = family_of(b.spec->protocol);
  if (a.spec->port != b.spec->port || mine.empty() || theirs.empty()) return {};
  if (mine != theirs && (mine == "UDP" || theirs == "UDP")) return {};  // another transport: no shared socket
  if (mine != theirs)
    return Verdict::bad(
        "ProtocolConflict",
        fmt::format("{}: protocol {} cannot share port {} with protocol {} of listener {}: "
                    "use another port",
                    field_of(gateway, a), a.spec->protocol, a.spec->port, b.spec->protocol, b.spec->name));
  if (a.hostname != b.hostname) return {};
  return Verdict::bad(
      "HostnameConflict",
      fmt::format("{}: port {} and {} are those of listener {} too, so neither is served: "
                  "change one of them",
                  field_of(gateway, a), a.spec->port,
                  a.hostname.empty() ? "no hostname" : fmt::format("hostname \"{}\"", a.hostname),
                  b.spec->name));
}

}  // namespace

void listeners(Draft& draft) {
  for (auto& gateway : draft.gateways) {
    for (auto& listener : gateway.listeners) {
      listener.accepted = check_listener(gateway, listener);
      if (listener.accepted.ok) decide_kinds(gateway, listener);
    }
  }
}

void listener_conflicts(Draft& draft) {
  for (auto& gateway : draft.gateways) {
    for (auto& listener : gateway.listeners) {
      for (const auto& other : gateway.listeners) {
        if (&other == &listener || other.spec->name == listener.spec->name) continue;
        listener.conflict = conflict_between(gateway, listener, other);
        if (!listener.conflict.ok) break;
      }
    }
  }
}

}  // namespace gatehouse::translate
