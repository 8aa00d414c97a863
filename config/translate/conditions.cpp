// SPDX-License-Identifier: Apache-2.0
// The last pass: statuses of Gateways and routes. Every condition an object can have is always there.
#include <fmt/format.h>

#include <algorithm>

#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

using objects::Condition;

/// A condition that is good when True.
Condition condition_of(const char* type, const Verdict& verdict, std::string_view good_reason,
                       std::string_view good_message) {
  if (verdict.ok) return {type, "True", std::string(good_reason), std::string(good_message), 0};
  return {type, "False", verdict.reason, verdict.message, 0};
}

/// Conflicted is the one condition that is good when False.
Condition conflicted(const ListenerDraft& listener) {
  const auto& conflict = listener.conflict;
  if (conflict.ok)
    return {"Conflicted", "False", "NoConflicts", "No other listener wants the same socket and hostname.", 0};
  return {"Conflicted", "True", conflict.reason, conflict.message, 0};
}

void observe(std::vector<Condition>& conditions, const objects::ObjectMeta& meta) {
  for (auto& condition : conditions) condition.observed_generation = meta.generation;
}

/// Whether a listener accepted the route is one question; whether the listener itself works is another one.
std::int32_t count_attached(const ListenerDraft& listener) {
  const auto accepted = [](const AttachmentDraft& attachment) {
    return attachment.route->outcome && attachment.route->outcome->accepted.ok;
  };
  return static_cast<std::int32_t>(
      std::count_if(listener.attachments.begin(), listener.attachments.end(), accepted));
}

Verdict acceptance_of(const ListenerDraft& listener) {
  return listener.accepted.ok ? listener.conflict : listener.accepted;
}

Verdict programming_of(const GatewayDraft& gateway, const ListenerDraft& listener) {
  if (!listener.conflict.ok) return listener.conflict;
  if (!listener.accepted.ok) return Verdict::bad("Invalid", listener.accepted.message);
  if (!gateway.accepted.ok) return Verdict::bad("Invalid", gateway.accepted.message);
  if (listener.binds.empty()) return Verdict::bad("Invalid", gateway.addressed.message);
  return {};
}

objects::ListenerStatus status_of(const GatewayDraft& gateway, const ListenerDraft& listener) {
  objects::ListenerStatus status;
  status.name = listener.spec->name;
  status.supported_kinds = listener.supported_kinds;
  status.attached_routes = count_attached(listener);
  status.conditions = {
      condition_of("Accepted", acceptance_of(listener), "Accepted", "The listener is valid."),
      conflicted(listener),
      condition_of("Programmed", programming_of(gateway, listener), "Programmed", "The listener is served."),
      condition_of("ResolvedRefs", listener.resolved_refs, "ResolvedRefs", "All references are resolved."),
  };
  observe(status.conditions, gateway.object->meta);
  return status;
}

/// The names of the listeners that are not served, with a lead: ", ..." or "".
std::string invalid_listeners(const GatewayDraft& gateway) {
  std::string names;
  for (const auto& listener : gateway.listeners)
    if (!listener.is_valid()) names += (names.empty() ? "" : ", ") + listener.spec->name;
  return names;
}

Condition gateway_accepted(const GatewayDraft& gateway) {
  auto condition = condition_of("Accepted", gateway.accepted, "Accepted", "The Gateway is valid.");
  const auto invalid = invalid_listeners(gateway);
  const auto& listeners = gateway.listeners;
  if (!gateway.accepted.ok || (invalid.empty() && !listeners.empty())) return condition;
  const bool any =
      std::any_of(listeners.begin(), listeners.end(), [](const auto& l) { return l.is_valid(); });
  condition.status = any ? "True" : "False";
  condition.reason = "ListenersNotValid";
  condition.message =
      fmt::format("Gateway {}: spec.listeners: {}: see the conditions of each",
                  gateway.object->meta.full_name(), any ? "not served: " + invalid : "none can be served");
  return condition;
}

Condition gateway_programmed(const GatewayDraft& gateway, const Condition& accepted) {
  if (accepted.status != "True") return {"Programmed", "False", "Invalid", accepted.message, 0};
  return condition_of("Programmed", gateway.addressed, "Programmed", "The Gateway is served.");
}

objects::GatewayStatus status_of(const GatewayDraft& gateway) {
  objects::GatewayStatus status;
  status.addresses = gateway.addresses;
  const auto accepted = gateway_accepted(gateway);
  status.conditions = {accepted, gateway_programmed(gateway, accepted)};
  observe(status.conditions, gateway.object->meta);
  for (const auto& listener : gateway.listeners) status.listeners.push_back(status_of(gateway, listener));
  return status;
}

std::string attached_message(const ParentDraft& parent) {
  const auto served = [&parent](const ListenerDraft* listener) { return parent.gateway->serves(*listener); };
  if (std::any_of(parent.listeners.begin(), parent.listeners.end(), served)) return "The route is attached.";
  return fmt::format(
      "The route is attached, but its listener is not served: see the conditions of Gateway {}.",
      parent.gateway->object->meta.full_name());
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
  auto& statuses = draft.result.statuses;
  for (const auto& gateway : draft.gateways)
    statuses.gateways.emplace(gateway.object->meta.full_name(), status_of(gateway));
  for (const auto& route : draft.routes) {
    auto& status = statuses.http_routes[route.object->meta.full_name()];
    for (const auto& parent : route.parents) status.parents.push_back(status_of(route, parent));
  }
}

}  // namespace gatehouse::translate
