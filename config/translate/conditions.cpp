// SPDX-License-Identifier: Apache-2.0
// The last pass: statuses of routes. Every condition a route can have is always there.
#include <fmt/format.h>

#include <algorithm>

#include "config/translate/condition.h"
#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

/// The older route that has all of a listener to itself, or null.
const RouteDraft* winner_over(const RouteDraft& route, const ListenerDraft& listener) {
  if (route.kind != RouteKind::tcp && route.kind != RouteKind::udp) return nullptr;
  const auto* first = oldest_l4(listener);
  return first && first->route != &route ? first->route : nullptr;
}

std::string attached_message(const RouteDraft& route, const ParentDraft& parent) {
  const auto served = [&parent](const ListenerDraft* listener) { return parent.gateway->serves(*listener); };
  for (const auto* listener : parent.listeners)
    if (const auto* winner = winner_over(route, *listener))
      return fmt::format(
          "The route is attached, but {}, which comes first by age and name, has listener {} to itself.",
          winner->title(), listener->spec->name);
  if (std::any_of(parent.listeners.begin(), parent.listeners.end(), served)) return "The route is attached.";
  return fmt::format(
      "The route is attached, but its listener is not served: see the conditions of {} {}.",
      parent.set ? objects::ListenerSet::kKind : objects::Gateway::kKind,
      parent.set ? parent.set->object->meta.full_name() : parent.gateway->object->meta.full_name());
}

objects::RouteParentStatus status_of(const RouteDraft& route, const ParentDraft& parent) {
  const RouteOutcome untranslated;
  const auto& outcome = route.outcome ? *route.outcome : untranslated;
  objects::RouteParentStatus status;
  status.parent_ref = *parent.ref;
  status.controller_name = parent.gateway->controller_name;
  status.conditions = {
      condition_of("Accepted", parent.attached.ok ? outcome.accepted : parent.attached, "Accepted",
                   attached_message(route, parent)),
      condition_of("ResolvedRefs", outcome.resolved_refs, "ResolvedRefs", "All references are resolved."),
  };
  if (const auto& dropped = outcome.partially_invalid; parent.attached.ok && !dropped.ok)
    status.conditions.push_back({"PartiallyInvalid", "True", dropped.reason, dropped.message, 0});
  observe(status.conditions, route.object->meta);
  return status;
}

}  // namespace

objects::RouteStatus status_of(const RouteDraft& route) {
  objects::RouteStatus status;
  for (const auto& parent : route.parents) status.parents.push_back(status_of(route, parent));
  return status;
}

void conditions(Draft& draft) {
  std::map<RouteKind, std::vector<SharedMap<objects::RouteStatus>::Entry>> statuses;
  for (const auto& route : draft.routes)
    statuses[route.kind].push_back(
        {route.object->meta.full_name(), std::make_shared<const objects::RouteStatus>(status_of(route))});
  const auto map_of = [&statuses](RouteKind kind) {
    return SharedMap<objects::RouteStatus>(std::move(statuses[kind]));
  };
  auto& result = draft.result.statuses;
  result.http_routes = map_of(RouteKind::http);
  result.grpc_routes = map_of(RouteKind::grpc);
  result.tls_routes = map_of(RouteKind::tls);
  result.tcp_routes = map_of(RouteKind::tcp);
  result.udp_routes = map_of(RouteKind::udp);
}

}  // namespace gatehouse::translate
