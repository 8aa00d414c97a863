// SPDX-License-Identifier: Apache-2.0
// The pass that looks at each listener by itself: its protocol and the kinds of routes it takes.
#include <fmt/format.h>

#include <algorithm>

#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

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
  if (spec.protocol != "HTTP")
    return Verdict::bad(
        "UnsupportedProtocol",
        fmt::format("{}: protocol {} is not served by this version: use HTTP", place, spec.protocol));
  return {};
}

/// What a listener of protocol HTTP may serve, narrowed by allowedRoutes.kinds.
void decide_kinds(const GatewayDraft& gateway, ListenerDraft& listener) {
  const objects::RouteGroupKind http_route{objects::kGatewayGroup, objects::HttpRoute::kKind};
  const auto& wanted = listener.spec->allowed_routes.kinds;
  if (wanted.empty()) listener.supported_kinds = {http_route};
  Findings unknown;
  for (const auto& kind : wanted) {
    if (kind == http_route)
      listener.supported_kinds = {http_route};
    else
      unknown.add(
          "InvalidRouteKinds",
          fmt::format("{}: allowedRoutes.kinds: {}{}{} cannot be served by protocol {}: use HTTPRoute",
                      place_of(gateway, listener), kind.group == http_route.group ? "" : kind.group,
                      kind.group == http_route.group || kind.group.empty() ? "" : "/", kind.kind,
                      listener.spec->protocol));
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
