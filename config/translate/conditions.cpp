// SPDX-License-Identifier: Apache-2.0
// The last pass: statuses of routes. Every condition a route can have is always there.
#include <fmt/format.h>

#include <algorithm>

#include "config/translate/condition.h"
#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

std::string attached_message(const ParentDraft& parent) {
  const auto served = [&parent](const ListenerDraft* listener) { return parent.gateway->serves(*listener); };
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
                   attached_message(parent)),
      condition_of("ResolvedRefs", outcome.resolved_refs, "ResolvedRefs", "All references are resolved."),
  };
  if (const auto& dropped = outcome.partially_invalid; parent.attached.ok && !dropped.ok)
    status.conditions.push_back({"PartiallyInvalid", "True", dropped.reason, dropped.message, 0});
  observe(status.conditions, route.object->meta);
  return status;
}

}  // namespace

void conditions(Draft& draft) {
  std::vector<SharedMap<objects::RouteStatus>::Entry> statuses;
  for (const auto& route : draft.routes) {
    auto status = std::make_shared<objects::RouteStatus>();
    for (const auto& parent : route.parents) status->parents.push_back(status_of(route, parent));
    statuses.push_back({route.object->meta.full_name(), std::move(status)});
  }
  draft.result.statuses.http_routes = SharedMap<objects::RouteStatus>(std::move(statuses));
}

}  // namespace gatehouse::translate
