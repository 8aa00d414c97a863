// SPDX-License-Identifier: Apache-2.0
// Statuses as YAML, in the field names of the Kubernetes API.
#include "base/yaml_text.h"
#include "config/objects/grpc_route.h"
#include "config/objects/l4_routes.h"
#include "config/objects/status.h"

namespace gatehouse::objects {
namespace {

void dump(YamlText& out, const std::vector<Condition>& conditions) {
  if (conditions.empty()) return;
  out.open("conditions");
  for (const auto& condition : conditions) {
    out.open_item();
    out.field("type", condition.type);
    out.field("status", condition.status);
    out.field("reason", condition.reason);
    out.field("message", condition.message);
    if (condition.observed_generation != 0) out.field("observedGeneration", condition.observed_generation);
    out.close_item();
  }
  out.close();
}

void dump(YamlText& out, const GatewayClassStatus& status) {
  dump(out, status.conditions);
  if (status.supported_features.empty()) return;
  out.open("supportedFeatures");
  for (const auto& feature : status.supported_features) {
    out.open_item();
    out.field("name", feature);
    out.close_item();
  }
  out.close();
}

void dump(YamlText& out, const std::vector<GatewayAddress>& addresses) {
  if (addresses.empty()) return;
  out.open("addresses");
  for (const auto& address : addresses) {
    out.open_item();
    out.field("type", address.type);
    out.field("value", address.value);
    out.field("routability", address.routability);  // GEP-5093: said of every address, also when empty
    out.close_item();
  }
  out.close();
}

void dump(YamlText& out, const ListenerStatus& listener) {
  out.open_item();
  out.field("name", listener.name);
  if (!listener.supported_kinds.empty()) {
    out.open("supportedKinds");
    for (const auto& kind : listener.supported_kinds) {
      out.open_item();
      out.field("group", kind.group);
      out.field("kind", kind.kind);
      out.close_item();
    }
    out.close();
  }
  out.field("attachedRoutes", listener.attached_routes);
  dump(out, listener.conditions);
  out.close_item();
}

void dump(YamlText& out, const std::vector<ListenerStatus>& listeners) {
  if (listeners.empty()) return;
  out.open("listeners");
  for (const auto& listener : listeners) dump(out, listener);
  out.close();
}

void dump(YamlText& out, const GatewayStatus& status) {
  dump(out, status.addresses);
  if (status.attached_listener_sets != 0) out.field("attachedListenerSets", status.attached_listener_sets);
  dump(out, status.conditions);
  dump(out, status.listeners);
}

void dump(YamlText& out, const ListenerSetStatus& status) {
  dump(out, status.conditions);
  dump(out, status.listeners);
}

void dump(YamlText& out, std::string_view field, const ParentReference& parent) {
  out.open(field);
  out.field("group", parent.group);
  out.field("kind", parent.kind);
  if (parent.ns) out.field("namespace", *parent.ns);
  out.field("name", parent.name);
  if (parent.section_name) out.field("sectionName", *parent.section_name);
  if (parent.port) out.field("port", *parent.port);
  out.close();
}

void dump(YamlText& out, const RouteStatus& status) {
  if (status.parents.empty()) return;
  out.open("parents");
  for (const auto& parent : status.parents) {
    out.open_item();
    dump(out, "parentRef", parent.parent_ref);
    out.field("controllerName", parent.controller_name);
    dump(out, parent.conditions);
    out.close_item();
  }
  out.close();
}

void dump(YamlText& out, const PolicyStatus& status) {
  if (status.ancestors.empty()) return;
  out.open("ancestors");
  for (const auto& ancestor : status.ancestors) {
    out.open_item();
    dump(out, "ancestorRef", ancestor.ancestor_ref);
    out.field("controllerName", ancestor.controller_name);
    dump(out, ancestor.conditions);
    out.close_item();
  }
  out.close();
}

template <typename StatusMap>
void dump_kind(YamlText& out, std::string_view kind, const StatusMap& statuses) {
  if (statuses.empty()) return;
  out.open(kind);
  for (const auto& [name, status] : statuses) {
    out.open(yaml_scalar(name));
    dump(out, status);
    out.close();
  }
  out.close();
}

}  // namespace

std::string dump(const Statuses& statuses) {
  YamlText out;
  dump_kind(out, GatewayClass::kKind, statuses.gateway_classes);
  dump_kind(out, Gateway::kKind, statuses.gateways);
  dump_kind(out, "ListenerSet", statuses.listener_sets);
  dump_kind(out, HttpRoute::kKind, statuses.http_routes);
  dump_kind(out, GrpcRoute::kKind, statuses.grpc_routes);
  dump_kind(out, TlsRoute::kKind, statuses.tls_routes);
  dump_kind(out, TcpRoute::kKind, statuses.tcp_routes);
  dump_kind(out, UdpRoute::kKind, statuses.udp_routes);
  for (const auto& [kind, policies] : statuses.policies) dump_kind(out, kind, policies);
  return out.take();
}

}  // namespace gatehouse::objects
