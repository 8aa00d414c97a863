// SPDX-License-Identifier: Apache-2.0
// The pass that binds routes to listeners: parentRefs, allowedRoutes, hostnames.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/translate/draft.h"
#include "config/translate/hostname.h"
#include "config/translate/label_selector.h"

namespace gatehouse::translate {
namespace {

using GatewaysByName = std::map<std::string, GatewayDraft*, std::less<>>;

/// Every namespace carries its own name as a label, also one that was not given.
Labels labels_of(const objects::Snapshot& snapshot, const std::string& ns) {
  const auto found = snapshot.namespaces.find(ns);
  Labels labels = found == snapshot.namespaces.end() ? Labels{} : found->second->meta.labels;
  labels.emplace("kubernetes.io/metadata.name", ns);
  return labels;
}

bool admits_namespace(const Draft& draft, const GatewayDraft& gateway, const ListenerDraft& listener,
                      const std::string& ns) {
  const auto& allowed = listener.spec->allowed_routes;
  if (allowed.from == "All") return true;
  if (allowed.from == "Same") return ns == gateway.object->meta.ns;
  if (allowed.from == "Selector") return selects(allowed.selector, labels_of(draft.snapshot, ns));
  return false;
}

bool admits_http_routes(const ListenerDraft& listener) {
  const auto& kinds = listener.supported_kinds;
  return std::any_of(kinds.begin(), kinds.end(),
                     [](const auto& kind) { return kind.kind == objects::HttpRoute::kKind; });
}

bool selects_listener(const objects::ParentReference& ref, const ListenerDraft& listener) {
  return (!ref.section_name || *ref.section_name == listener.spec->name) &&
         (!ref.port || *ref.port == listener.spec->port);
}

/// The route's hostnames, lower case, sorted, each once.
std::vector<std::string> hostnames_of(const objects::HttpRoute& route) {
  std::vector<std::string> hostnames;
  for (const auto& hostname : route.hostnames) hostnames.push_back(lower_case(hostname));
  std::sort(hostnames.begin(), hostnames.end());
  hostnames.erase(std::unique(hostnames.begin(), hostnames.end()), hostnames.end());
  return hostnames;
}

/// Hostnames stay the route's own even where the listener's is narrower: precedence ranks by them, and the
/// request's host has already matched the listener when routes are looked at.
std::vector<std::string> served_hostnames(const std::vector<std::string>& hostnames,
                                          const ListenerDraft& listener) {
  std::vector<std::string> served;
  for (const auto& hostname : hostnames)
    if (hostnames_intersect(listener.hostname, hostname)) served.push_back(hostname);
  return served;
}

std::string name_of(const objects::HttpRoute& route) {
  return "HTTPRoute " + route.meta.full_name();
}

Verdict no_listener(const objects::HttpRoute& route, std::size_t index, const ParentDraft& parent) {
  std::string wanted;
  if (parent.ref->section_name) wanted = " named " + *parent.ref->section_name;
  if (parent.ref->port) wanted += fmt::format(" with port {}", *parent.ref->port);
  return Verdict::bad(
      "NoMatchingParent",
      fmt::format("{}: spec.parentRefs[{}]: Gateway {} has no listener{}: correct sectionName or port",
                  name_of(route), index, parent.gateway->object->meta.full_name(), wanted));
}

Verdict not_allowed(const objects::HttpRoute& route, std::size_t index, const ParentDraft& parent) {
  return Verdict::bad(
      "NotAllowedByListeners",
      fmt::format(
          "{}: spec.parentRefs[{}]: no listener selected at Gateway {} allows HTTPRoutes of namespace {}: "
          "change allowedRoutes of the listener",
          name_of(route), index, parent.gateway->object->meta.full_name(), route.meta.ns));
}

Verdict no_hostname(const objects::HttpRoute& route, std::size_t index, const ParentDraft& parent) {
  return Verdict::bad(
      "NoMatchingListenerHostname",
      fmt::format(
          "{}: spec.hostnames: none is within the hostname of a listener that spec.parentRefs[{}] selects at "
          "Gateway {}: correct the hostnames of either",
          name_of(route), index, parent.gateway->object->meta.full_name()));
}

void attach_to(ListenerDraft& listener, const RouteDraft& route, std::vector<std::string> hostnames) {
  const bool attached_before = !listener.attachments.empty() && listener.attachments.back().route == &route;
  if (!attached_before) listener.attachments.push_back({&route, std::move(hostnames)});
}

/// `index` is the position of the parentRef in the spec.
void attach_parent(const Draft& draft, const RouteDraft& route, std::size_t index, GatewayDraft& gateway,
                   ParentDraft& parent) {
  const auto hostnames = hostnames_of(*route.object);
  bool selected = false;
  bool allowed = false;
  for (auto& listener : gateway.listeners) {
    if (!selects_listener(*parent.ref, listener)) continue;
    selected = true;
    if (!admits_http_routes(listener) || !admits_namespace(draft, gateway, listener, route.object->meta.ns))
      continue;
    allowed = true;
    auto served = served_hostnames(hostnames, listener);
    if (served.empty() && !hostnames.empty()) continue;
    parent.listeners.push_back(&listener);
    attach_to(listener, route, std::move(served));
  }
  if (!parent.listeners.empty()) return;
  parent.attached = !selected  ? no_listener(*route.object, index, parent)
                    : !allowed ? not_allowed(*route.object, index, parent)
                               : no_hostname(*route.object, index, parent);
}

GatewayDraft* gateway_of(const GatewaysByName& gateways, const std::string& name) {
  const auto found = gateways.find(name);
  return found == gateways.end() ? nullptr : found->second;
}

void attach_route(Draft& draft, const GatewaysByName& gateways,
                  const std::shared_ptr<const objects::HttpRoute>& object) {
  auto& route = draft.routes.emplace_back();
  route.object = object;
  const auto& refs = object->parent_refs;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    if (refs[i].kind != objects::Gateway::kKind || refs[i].group != "gateway.networking.k8s.io") continue;
    const auto name = refs[i].ns.value_or(object->meta.ns) + "/" + refs[i].name;
    if (!draft.snapshot.gateways.contains(name))
      draft.warn(name_of(*object), fmt::format("spec.parentRefs[{}]", i), "there is no Gateway " + name,
                 "create it or correct the reference");
    auto* gateway = gateway_of(gateways, name);
    if (!gateway) continue;
    ParentDraft parent;
    parent.ref = &refs[i];
    parent.gateway = gateway;
    attach_parent(draft, route, i, *gateway, parent);
    route.parents.push_back(std::move(parent));
  }
  if (route.parents.empty()) draft.routes.pop_back();
}

}  // namespace

void attach(Draft& draft) {
  GatewaysByName gateways;
  for (auto& gateway : draft.gateways) gateways.emplace(gateway.object->meta.full_name(), &gateway);
  draft.routes.reserve(draft.snapshot.http_routes.size());  // attachments point into it
  for (const auto& [name, object] : draft.snapshot.http_routes) attach_route(draft, gateways, object);
}

}  // namespace gatehouse::translate
