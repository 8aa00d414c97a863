// SPDX-License-Identifier: Apache-2.0
// The pass that says what became of Gateways, ListenerSets and their listeners. Every condition such an
// object can have is always there.
#include <fmt/format.h>

#include <algorithm>

#include "config/translate/condition.h"
#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

using objects::Condition;
using Listeners = std::span<const ListenerDraft>;

/// Conflicted is the one condition that is good when False.
Condition conflicted(const ListenerDraft& listener) {
  const auto& conflict = listener.conflict;
  if (conflict.ok)
    return {"Conflicted", "False", "NoConflicts", "No other listener wants the same socket and hostname.", 0};
  return {"Conflicted", "True", conflict.reason, conflict.message, 0};
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
  return listener.conflict.ok ? listener.accepted : listener.conflict;
}

/// Why nothing that a ListenerSet adds can be served while its Gateway is as it is.
std::string parent_failure(const ListenerSetDraft& set, std::string_view state) {
  return fmt::format("ListenerSet {}: spec.parentRef: Gateway {} is not {}: see its conditions",
                     set.object->meta.full_name(), set.gateway->object->meta.full_name(), state);
}

Verdict programming_of(const GatewayDraft& gateway, const ListenerDraft& listener) {
  if (!listener.conflict.ok) return listener.conflict;
  if (!listener.accepted.ok) return Verdict::bad("Invalid", listener.accepted.message);
  if (!gateway.accepted.ok) return Verdict::bad("Invalid", gateway.accepted.message);
  if (listener.set && !gateway.is_accepted())
    return Verdict::bad("Invalid", parent_failure(*listener.set, "accepted"));
  if (!listener.usable.ok) return listener.usable;
  if (gateway.is_served_elsewhere) return gateway.addressed;
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
  };
  if (const auto& overlap = listener.overlap; !overlap.ok)
    status.conditions.push_back({"OverlappingTLSConfig", "True", overlap.reason, overlap.message, 0});
  const Condition rest[] = {
      condition_of("Programmed", programming_of(gateway, listener), "Programmed", "The listener is served."),
      condition_of("ResolvedRefs", listener.resolved_refs, "ResolvedRefs", "All references are resolved."),
  };
  status.conditions.insert(status.conditions.end(), std::begin(rest), std::end(rest));
  observe(status.conditions, owner_of(gateway, listener));
  return status;
}

std::vector<objects::ListenerStatus> statuses_of(const GatewayDraft& gateway, Listeners listeners) {
  std::vector<objects::ListenerStatus> statuses;
  for (const auto& listener : listeners) statuses.push_back(status_of(gateway, listener));
  return statuses;
}

using IsGood = bool (*)(const ListenerDraft&);

bool is_valid(const ListenerDraft& listener) {
  return listener.is_valid();
}

/// A ListenerSet none of whose entries has a certificate it may use is not valid (GEP-1713); a Gateway is.
bool can_be_served(const ListenerDraft& listener) {
  return listener.is_valid() && listener.usable.ok;
}

/// Accepted, of an object that is good but for its listeners: one good listener is enough.
Condition accepted_by_listeners(const std::string& object, Listeners listeners, IsGood is_good,
                                std::string_view message) {
  std::string invalid;
  for (const auto& listener : listeners)
    if (!is_good(listener)) invalid += (invalid.empty() ? "" : ", ") + listener.spec->name;
  if (invalid.empty() && !listeners.empty()) return {"Accepted", "True", "Accepted", std::string(message), 0};
  const bool any = std::any_of(listeners.begin(), listeners.end(), is_good);
  return {"Accepted", any ? "True" : "False", "ListenersNotValid",
          fmt::format("{}: spec.listeners: {}: see the conditions of each", object,
                      any ? "not served: " + invalid : "none can be served"),
          0};
}

Condition accepted(const GatewayDraft& gateway) {
  if (!gateway.accepted.ok) return condition_of("Accepted", gateway.accepted, {}, {});
  return accepted_by_listeners("Gateway " + gateway.object->meta.full_name(), gateway.own(), is_valid,
                               "The Gateway is valid.");
}

Condition programmed(const GatewayDraft& gateway, const Condition& accepted) {
  if (accepted.status != "True") return {"Programmed", "False", "Invalid", accepted.message, 0};
  return condition_of("Programmed", gateway.addressed, "Programmed", "The Gateway is served.");
}

bool allows_insecure_clients(const objects::GatewayTls& tls) {
  const auto allows = [](const std::optional<objects::FrontendValidation>& validation) {
    return validation && validation->mode == "AllowInsecureFallback";
  };
  return allows(tls.frontend_default) ||
         std::any_of(tls.frontend_per_port.begin(), tls.frontend_per_port.end(),
                     [&](const auto& port) { return allows(port.validation); });
}

/// Its own references go before those of its listeners.
Verdict resolved_refs(const GatewayDraft& gateway) {
  if (!gateway.resolved_refs.ok) return gateway.resolved_refs;
  std::string unresolved;
  for (const auto& listener : gateway.own())
    if (!listener.resolved_refs.ok) unresolved += (unresolved.empty() ? "" : ", ") + listener.spec->name;
  if (unresolved.empty()) return {};
  return Verdict::bad("ListenersNotResolved",
                      fmt::format("Gateway {}: spec.listeners: {}: see the conditions of each",
                                  gateway.object->meta.full_name(), unresolved));
}

objects::GatewayStatus status_of(const GatewayDraft& gateway) {
  objects::GatewayStatus status;
  status.addresses = gateway.addresses;
  status.conditions = {accepted(gateway)};
  // While the Gateway is refused for another reason, nobody has looked for addresses.
  if (gateway.accepted.ok || !gateway.addresses_assigned.ok)
    status.conditions.push_back(condition_of("AddressesAssigned", gateway.addresses_assigned,
                                             "AddressesAssigned", "The Gateway has its addresses."));
  if (gateway.object->default_scope == "All")
    status.conditions.push_back({"DefaultGateway", "True", "DefaultGateway",
                                 "The Gateway takes routes that ask for default Gateways (scope All).", 0});
  if (allows_insecure_clients(gateway.object->tls))
    status.conditions.push_back(
        {"InsecureFrontendValidationMode", "True", "ConfigurationChanged",
         "spec.tls.frontend: mode AllowInsecureFallback lets clients in without a valid "
         "certificate.",
         0});
  status.conditions.push_back(programmed(gateway, status.conditions.front()));
  const auto resolved = resolved_refs(gateway);
  if (gateway.object->tls.backend_client_certificate || !resolved.ok)
    status.conditions.push_back(
        condition_of("ResolvedRefs", resolved, "ResolvedRefs", "All references are resolved."));
  observe(status.conditions, gateway.object->meta);
  status.listeners = statuses_of(gateway, gateway.own());
  return status;
}

Condition accepted(const ListenerSetDraft& set) {
  if (!set.allowed.ok) return condition_of("Accepted", set.allowed, {}, {});
  if (!set.gateway->is_accepted())
    return {"Accepted", "False", "ParentNotAccepted", parent_failure(set, "accepted"), 0};
  return accepted_by_listeners("ListenerSet " + set.object->meta.full_name(), set.listeners(), can_be_served,
                               "The ListenerSet is valid.");
}

Condition programmed(const ListenerSetDraft& set, const Condition& accepted) {
  if (accepted.reason == "ParentNotAccepted")
    return {"Programmed", "False", "ParentNotProgrammed", accepted.message, 0};
  if (accepted.status != "True") return {"Programmed", "False", accepted.reason, accepted.message, 0};
  if (!set.gateway->addressed.ok)
    return {"Programmed", "False", "ParentNotProgrammed", parent_failure(set, "programmed"), 0};
  return {"Programmed", "True", "Programmed", "The ListenerSet is served.", 0};
}

objects::ListenerSetStatus status_of(const ListenerSetDraft& set) {
  objects::ListenerSetStatus status;
  const auto acceptance = accepted(set);
  status.conditions = {acceptance, programmed(set, acceptance)};
  observe(status.conditions, set.object->meta);
  status.listeners = statuses_of(*set.gateway, set.listeners());
  return status;
}

}  // namespace

void gateway_conditions(Draft& draft) {
  auto& statuses = draft.result.statuses;
  for (const auto& gateway : draft.gateways)
    statuses.gateways.emplace(gateway.object->meta.full_name(), status_of(gateway));
  for (const auto& set : draft.listener_sets) {
    auto status = status_of(set);
    if (status.conditions.front().status == "True")
      ++statuses.gateways.at(set.gateway->object->meta.full_name()).attached_listener_sets;
    statuses.listener_sets.emplace(set.object->meta.full_name(), std::move(status));
  }
}

}  // namespace gatehouse::translate
