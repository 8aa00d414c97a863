// SPDX-License-Identifier: Apache-2.0
// The pass that binds routes of all kinds to listeners: parentRefs, default Gateways, allowedRoutes,
// hostnames.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/translate/draft.h"
#include "config/translate/hostname.h"
#include "config/translate/namespaces.h"

namespace gatehouse::translate {
namespace {

bool takes(const ListenerDraft& listener, RouteKind wanted) {
  const auto& kinds = listener.supported_kinds;
  return std::any_of(kinds.begin(), kinds.end(), [wanted](const auto& kind) {
    return kind.group == objects::kGatewayGroup && kind.kind == name_of(wanted);
  });
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

bool refers_to(const objects::ParentReference& ref, std::string_view kind) {
  return ref.kind == kind && ref.group == objects::kGatewayGroup;
}

void attach_to(ListenerDraft& listener, const RouteDraft& route, std::vector<std::string> hostnames) {
  if (!listener.attachments.empty() && listener.attachments.back().route == &route) return;
  auto& attachment = listener.attachments.emplace_back();
  attachment.route = &route;
  attachment.hostnames = std::move(hostnames);
}

/// The parents that routes can name; lives for one pass.
class Parents {
 public:
  explicit Parents(Draft& draft) {
    for (auto& gateway : draft.gateways) {
      gateways_.emplace(gateway.object->meta.full_name(), &gateway);
      if (gateway.object->default_scope == "All") defaults_.push_back(&gateway);
    }
    for (auto& set : draft.listener_sets) sets_.emplace(set.object->meta.full_name(), &set);
  }

  GatewayDraft* gateway(const std::string& name) const { return find(gateways_, name); }
  ListenerSetDraft* set(const std::string& name) const { return find(sets_, name); }
  const std::vector<GatewayDraft*>& defaults() const { return defaults_; }

 private:
  template <typename Map>
  static typename Map::mapped_type find(const Map& map, const std::string& name) {
    const auto found = map.find(name);
    return found == map.end() ? nullptr : found->second;
  }

  std::map<std::string, GatewayDraft*, std::less<>> gateways_;
  std::map<std::string, ListenerSetDraft*, std::less<>> sets_;
  std::vector<GatewayDraft*> defaults_;
};

/// Of a listener that takes such routes.
std::string_view protocol_of(RouteKind kind) {
  switch (kind) {
    case RouteKind::http:
    case RouteKind::grpc:
      return "HTTP";
    case RouteKind::tls:
      return "TLS";
    case RouteKind::tcp:
      return "TCP";
    case RouteKind::udp:
      return "UDP";
  }
  return "";
}

std::string name_of(const ParentDraft& parent) {
  return parent.set ? "ListenerSet " + parent.set->object->meta.full_name()
                    : "Gateway " + parent.gateway->object->meta.full_name();
}

/// Attaches one route to its parents; lives for that only.
class RouteAttachment {
 public:
  RouteAttachment(Draft& draft, const Parents& parents, RouteDraft& route)
      : draft_(draft), parents_(parents), route_(route), hostnames_(hostnames_of(*route.object)) {}

  void run() {
    const auto& refs = route_.object->parent_refs;
    for (std::size_t i = 0; i < refs.size(); ++i) attach_ref(refs[i], i);
    if (route_.object->use_default_gateways != "All") return;
    for (auto* gateway : parents_.defaults())
      if (!names_whole(*gateway))
        attach({&gateway->as_parent, gateway, nullptr, {}, {}}, gateway->own(), std::nullopt);
  }

 private:
  /// Of a parentRef in the spec; none for a default Gateway.
  using Index = std::optional<std::size_t>;

  void attach_ref(const objects::ParentReference& ref, std::size_t index) {
    const auto name = ref.ns.value_or(route_.object->meta.ns) + "/" + ref.name;
    if (refers_to(ref, objects::Gateway::kKind)) {
      if (!draft_.snapshot.gateways.contains(name)) report_missing(index, "Gateway " + name);
      if (auto* gateway = parents_.gateway(name))
        attach({&ref, gateway, nullptr, {}, {}}, gateway->own(), index);
    } else if (refers_to(ref, objects::ListenerSet::kKind)) {
      if (!draft_.snapshot.listener_sets.contains(name)) report_missing(index, "ListenerSet " + name);
      if (const auto* set = parents_.set(name))
        attach({&ref, set->gateway, set, {}, {}}, set->listeners(), index);
    }
  }

  /// A Gateway that a parentRef names as a whole is not claimed a second time as a default one.
  bool names_whole(const GatewayDraft& gateway) const {
    return std::any_of(route_.parents.begin(), route_.parents.end(), [&gateway](const ParentDraft& parent) {
      return parent.gateway == &gateway && !parent.set && !parent.ref->section_name && !parent.ref->port;
    });
  }

  void attach(ParentDraft parent, std::span<ListenerDraft> listeners, Index index) {
    bool selected = false;
    bool takes_kind = false;
    bool allowed = false;
    for (auto& listener : listeners) {
      if (!selects_listener(*parent.ref, listener)) continue;
      selected = true;
      if (!takes(listener, route_.kind)) continue;
      takes_kind = true;
      if (!admits_own_namespace(*parent.gateway, listener)) continue;
      allowed = true;
      auto served = served_hostnames(hostnames_, listener);
      if (served.empty() && !hostnames_.empty()) continue;
      parent.listeners.push_back(&listener);
      attach_to(listener, route_, std::move(served));
    }
    if (parent.listeners.empty())
      parent.attached = !selected     ? no_listener(parent, index)
                        : !takes_kind ? kind_not_taken(parent, index)
                        : !allowed    ? not_allowed(parent, index)
                                      : no_hostname(parent, index);
    route_.parents.push_back(std::move(parent));
  }

  bool admits_own_namespace(const GatewayDraft& gateway, const ListenerDraft& listener) const {
    return admits_namespace(draft_.snapshot, listener.spec->allowed_routes, owner_of(gateway, listener).ns,
                            route_.object->meta.ns);
  }

  std::string name() const { return route_.title(); }
  static std::string field(Index index) {
    return index ? fmt::format("spec.parentRefs[{}]", *index) : "spec.useDefaultGateways";
  }

  void report_missing(std::size_t index, const std::string& parent) {
    draft_.fail(name(), field(index), "there is no " + parent, "create it or correct the reference");
  }

  Verdict no_listener(const ParentDraft& parent, Index index) const {
    if (parent.set && !parent.set->allowed.ok)
      return Verdict::bad("NoMatchingParent",
                          fmt::format("{}: {}: {} is not attached to its Gateway: see its conditions", name(),
                                      field(index), name_of(parent)));
    std::string wanted;
    if (parent.ref->section_name) wanted = " named " + *parent.ref->section_name;
    if (parent.ref->port) wanted += fmt::format(" with port {}", *parent.ref->port);
    return Verdict::bad("NoMatchingParent",
                        fmt::format("{}: {}: {} has no listener{}: correct sectionName or port", name(),
                                    field(index), name_of(parent), wanted));
  }

  Verdict kind_not_taken(const ParentDraft& parent, Index index) const {
    return Verdict::bad(
        "NotAllowedByListeners",
        fmt::format("{}: {}: no listener selected at {} takes {}s: change its protocol to {}, or its "
                    "allowedRoutes.kinds",
                    name(), field(index), name_of(parent), name_of(route_.kind), protocol_of(route_.kind)));
  }

  Verdict not_allowed(const ParentDraft& parent, Index index) const {
    return Verdict::bad(
        "NotAllowedByListeners",
        fmt::format("{}: {}: no listener selected at {} allows {}s of namespace {}: change allowedRoutes of "
                    "the listener",
                    name(), field(index), name_of(parent), name_of(route_.kind), route_.object->meta.ns));
  }

  Verdict no_hostname(const ParentDraft& parent, Index index) const {
    return Verdict::bad(
        "NoMatchingListenerHostname",
        fmt::format("{}: spec.hostnames: none is within the hostname of a listener that {} selects at {}: "
                    "correct the hostnames of either",
                    name(), field(index), name_of(parent)));
  }

  Draft& draft_;
  const Parents& parents_;
  RouteDraft& route_;
  std::vector<std::string> hostnames_;
};

/// Takes up the routes of one kind after the other.
class RouteCollection {
 public:
  explicit RouteCollection(Draft& draft) : draft_(draft), parents_(draft) {}

  template <typename Route>
  void add_all(RouteKind kind, const objects::ObjectMap<Route>& routes) {
    for (const auto& [name, object] : routes) add(kind, object);
  }

  void add_one(const RouteName& name) {
    const auto& snapshot = draft_.snapshot;
    switch (name.kind) {
      case RouteKind::http:
        return add_from(snapshot.http_routes, name);
      case RouteKind::grpc:
        return add_from(snapshot.grpc_routes, name);
      case RouteKind::tls:
        return add_from(snapshot.tls_routes, name);
      case RouteKind::tcp:
        return add_from(snapshot.tcp_routes, name);
      case RouteKind::udp:
        return add_from(snapshot.udp_routes, name);
    }
  }

  RouteForms take_forms() { return std::move(forms_); }

 private:
  template <typename Route>
  void add_from(const objects::ObjectMap<Route>& routes, const RouteName& name) {
    if (const auto found = routes.find(name.full_name); found != routes.end()) add(name.kind, found->second);
  }

  template <typename Route>
  void add(RouteKind kind, const std::shared_ptr<const Route>& object) {
    ++draft_.memo.counts.routes_visited;
    auto& route = draft_.routes.emplace_back();
    route.kind = kind;
    route.object = form_of(kind, object);
    RouteAttachment(draft_, parents_, route).run();
    if (route.parents.empty()) draft_.routes.pop_back();
  }

  static RoutePointer form_of(RouteKind, const RoutePointer& route) { return route; }

  /// The form of a route that did not change is the same object as before.
  template <typename Route>
  RoutePointer form_of(RouteKind kind, const std::shared_ptr<const Route>& route) {
    const auto key = RouteName{kind, route->meta.full_name()}.key();
    const auto known = draft_.memo.forms.find(key);
    const bool is_same = known != draft_.memo.forms.end() && known->second.source == route;
    auto form = is_same ? known->second.form : to_http_form(*route);
    forms_.emplace(key, RouteForm{route, form});
    return form;
  }

  Draft& draft_;
  Parents parents_;
  RouteForms forms_;
};

void attach_some(Draft& draft) {
  draft.routes.reserve(draft.only->size());  // attachments point into it
  RouteCollection routes(draft);
  for (const auto& name : *draft.only) routes.add_one(name);
  for (const auto& name : *draft.only) draft.memo.forms.erase(name.key());
  draft.memo.forms.merge(routes.take_forms());
}

}  // namespace

void attach(Draft& draft) {
  if (draft.only) return attach_some(draft);
  const auto& snapshot = draft.snapshot;
  draft.routes.reserve(snapshot.http_routes.size() + snapshot.grpc_routes.size() +
                       snapshot.tls_routes.size() + snapshot.tcp_routes.size() +
                       snapshot.udp_routes.size());  // attachments point into it
  RouteCollection routes(draft);
  routes.add_all(RouteKind::http, snapshot.http_routes);
  routes.add_all(RouteKind::grpc, snapshot.grpc_routes);
  routes.add_all(RouteKind::tls, snapshot.tls_routes);
  routes.add_all(RouteKind::tcp, snapshot.tcp_routes);
  routes.add_all(RouteKind::udp, snapshot.udp_routes);
  draft.memo.forms = routes.take_forms();
}

}  // namespace gatehouse::translate
