// SPDX-License-Identifier: Apache-2.0
// Passes that take up Gateways of our classes and the ListenerSets that attach to them.
#include "config/translate/draft.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/translate/namespaces.h"

namespace gatehouse::translate {
namespace {

bool older(const objects::ObjectMeta& a, const objects::ObjectMeta& b) {
  return std::pair(a.creation_timestamp, a.full_name()) < std::pair(b.creation_timestamp, b.full_name());
}

ListenerDraft draft_of(const objects::GatewayListener& spec, const std::string& owner) {
  ListenerDraft listener;
  listener.spec = &spec;
  listener.name = owner + "/" + spec.name;
  listener.hostname = lower_case(spec.hostname.value_or(""));
  return listener;
}

Verdict check_parameters(const objects::Gateway& gateway, const objects::GatewayClass& owner) {
  const auto name = gateway.meta.full_name();
  if (owner.parameters_ref)
    return Verdict::bad(
        "InvalidParameters",
        fmt::format("Gateway {}: spec.gatewayClassName names {}, whose spec.parametersRef is not supported: "
                    "remove that field from the class",
                    name, owner.meta.name));
  const auto& ref = gateway.infrastructure.parameters_ref;
  if (!ref) return {};
  return Verdict::bad(
      "InvalidParameters",
      fmt::format(
          "Gateway {}: spec.infrastructure.parametersRef names {}/{} {}, but this controller takes no "
          "parameters: remove the field",
          name, ref->group, ref->kind, ref->name));
}

GatewayDraft draft_of(const std::shared_ptr<const objects::Gateway>& object,
                      const objects::GatewayClass& owner) {
  GatewayDraft gateway;
  gateway.object = object;
  gateway.controller_name = owner.controller_name;
  gateway.as_parent.ns = object->meta.ns;
  gateway.as_parent.name = object->meta.name;
  gateway.accepted = check_parameters(*object, owner);
  for (const auto& spec : object->listeners)
    gateway.listeners.push_back(draft_of(spec, object->meta.full_name()));
  gateway.own_listeners = gateway.listeners.size();
  return gateway;
}

std::string parent_of(const objects::ListenerSet& set) {
  return set.parent_ref.ns.value_or(set.meta.ns) + "/" + set.parent_ref.name;
}

bool refers_to_gateway(const objects::ListenerSet& set) {
  return set.parent_ref.kind == objects::Gateway::kKind && set.parent_ref.group == objects::kGatewayGroup;
}

Verdict check_allowed(const objects::Snapshot& snapshot, const objects::ListenerSet& set,
                      const objects::Gateway& gateway) {
  if (admits_namespace(snapshot, gateway.allowed_listeners, gateway.meta.ns, set.meta.ns)) return {};
  return Verdict::bad(
      "NotAllowed",
      fmt::format("ListenerSet {}: spec.parentRef: Gateway {} takes no ListenerSets of namespace {}: change "
                  "its spec.allowedListeners.namespaces",
                  set.meta.full_name(), gateway.meta.full_name(), set.meta.ns));
}

/// All ListenerSets that name a Gateway of ours, by precedence.
std::vector<ListenerSetDraft> sets_of(Draft& draft) {
  std::map<std::string, GatewayDraft*, std::less<>> gateways;
  for (auto& gateway : draft.gateways) gateways.emplace(gateway.object->meta.full_name(), &gateway);
  std::vector<ListenerSetDraft> sets;
  for (const auto& [name, object] : draft.snapshot.listener_sets) {
    if (!refers_to_gateway(*object)) continue;
    const auto parent = parent_of(*object);
    if (!draft.snapshot.gateways.contains(parent))
      draft.fail("ListenerSet " + name, "spec.parentRef", "there is no Gateway " + parent,
                 "create it or correct the reference");
    const auto found = gateways.find(parent);
    if (found == gateways.end()) continue;
    sets.push_back(
        {object, found->second, check_allowed(draft.snapshot, *object, *found->second->object), 0, 0});
  }
  std::sort(sets.begin(), sets.end(),
            [](const auto& a, const auto& b) { return older(a.object->meta, b.object->meta); });
  return sets;
}

}  // namespace

bool GatewayDraft::is_accepted() const {
  const auto& all = own();
  return accepted.ok && std::any_of(all.begin(), all.end(), [](const auto& l) { return l.is_valid(); });
}

void gateways(Draft& draft) {
  const auto& classes = draft.snapshot.gateway_classes;
  const auto& ours = draft.result.statuses.gateway_classes;
  for (const auto& [name, object] : draft.snapshot.gateways) {
    const auto owner = classes.find(object->gateway_class_name);
    if (owner == classes.end())
      draft.fail("Gateway " + name, "spec.gatewayClassName",
                 fmt::format("there is no GatewayClass {}", object->gateway_class_name),
                 "create it or correct the name");
    if (owner == classes.end() || !ours.contains(owner->first)) continue;
    if (!draft.options.only_gateway.empty() && draft.options.only_gateway != name) continue;
    draft.gateways.push_back(draft_of(object, *owner->second));
  }
  std::sort(draft.gateways.begin(), draft.gateways.end(),
            [](const auto& a, const auto& b) { return older(a.object->meta, b.object->meta); });
}

void listener_sets(Draft& draft) {
  draft.listener_sets = sets_of(draft);
  for (auto& set : draft.listener_sets) {
    if (!set.allowed.ok) continue;
    auto& listeners = set.gateway->listeners;
    set.first_listener = listeners.size();
    set.listener_count = set.object->listeners.size();
    const auto owner = set.gateway->object->meta.full_name() + "/" + set.object->meta.full_name();
    for (const auto& spec : set.object->listeners) {
      listeners.push_back(draft_of(spec, owner));
      listeners.back().set = &set;
    }
  }
}

}  // namespace gatehouse::translate
