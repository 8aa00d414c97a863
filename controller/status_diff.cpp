// SPDX-License-Identifier: Apache-2.0
#include "controller/status_diff.h"

#include <utility>

#include "config/objects/grpc_route.h"
#include "config/objects/http_route.h"
#include "config/objects/l4_routes.h"
#include "config/objects/listener_set.h"

namespace gatehouse::controller {
namespace {

using objects::Statuses;
using Changed = std::function<void(ObjectKey)>;

template <typename T>
AnyStatus found(const std::map<std::string, T>& statuses, const std::string& name) {
  const auto at = statuses.find(name);
  return at == statuses.end() ? AnyStatus() : AnyStatus(&at->second);
}

/// The map that is asked keeps the status.
AnyStatus found(const SharedMap<objects::RouteStatus>& statuses, const std::string& name) {
  const auto status = statuses.find(name);
  return status ? AnyStatus(status.get()) : AnyStatus();
}

/// Both are sorted by name.
template <typename Map>
void compare(std::string_view kind, const Map& before, const Map& after, const Changed& changed) {
  auto old_at = before.begin();
  auto new_at = after.begin();
  while (!(old_at == before.end()) || !(new_at == after.end())) {
    const bool no_old = old_at == before.end();
    const bool no_new = new_at == after.end();
    const int order = no_old ? 1 : no_new ? -1 : (*old_at).first.compare((*new_at).first);
    if (order < 0) {
      changed({std::string(kind), (*old_at).first});
    } else if (order > 0) {
      changed({std::string(kind), (*new_at).first});
    } else {
      const auto& old_value = (*old_at).second;
      const auto& new_value = (*new_at).second;
      if (&old_value != &new_value && !(old_value == new_value))
        changed({std::string(kind), (*new_at).first});
    }
    if (order <= 0) ++old_at;
    if (order >= 0) ++new_at;
  }
}

void compare_policies(const Statuses& before, const Statuses& after, const Changed& changed) {
  static const std::map<std::string, objects::PolicyStatus> kNone;
  for (const auto& [kind, policies] : before.policies)
    if (!after.policies.contains(kind)) compare(kind, policies, kNone, changed);
  for (const auto& [kind, policies] : after.policies) {
    const auto old = before.policies.find(kind);
    compare(kind, old == before.policies.end() ? kNone : old->second, policies, changed);
  }
}

}  // namespace

AnyStatus find_status(const Statuses& statuses, const ObjectKey& key) {
  const auto& [kind, name] = key;
  if (kind == objects::GatewayClass::kKind) return found(statuses.gateway_classes, name);
  if (kind == objects::Gateway::kKind) return found(statuses.gateways, name);
  if (kind == objects::ListenerSet::kKind) return found(statuses.listener_sets, name);
  if (kind == objects::HttpRoute::kKind) return found(statuses.http_routes, name);
  if (kind == objects::GrpcRoute::kKind) return found(statuses.grpc_routes, name);
  if (kind == objects::TlsRoute::kKind) return found(statuses.tls_routes, name);
  if (kind == objects::TcpRoute::kKind) return found(statuses.tcp_routes, name);
  if (kind == objects::UdpRoute::kKind) return found(statuses.udp_routes, name);
  const auto policies = statuses.policies.find(kind);
  return policies == statuses.policies.end() ? AnyStatus() : found(policies->second, name);
}

void compare_statuses(const Statuses& before, const Statuses& after, const Changed& changed) {
  compare(objects::GatewayClass::kKind, before.gateway_classes, after.gateway_classes, changed);
  compare(objects::Gateway::kKind, before.gateways, after.gateways, changed);
  compare(objects::ListenerSet::kKind, before.listener_sets, after.listener_sets, changed);
  compare(objects::HttpRoute::kKind, before.http_routes, after.http_routes, changed);
  compare(objects::GrpcRoute::kKind, before.grpc_routes, after.grpc_routes, changed);
  compare(objects::TlsRoute::kKind, before.tls_routes, after.tls_routes, changed);
  compare(objects::TcpRoute::kKind, before.tcp_routes, after.tcp_routes, changed);
  compare(objects::UdpRoute::kKind, before.udp_routes, after.udp_routes, changed);
  compare_policies(before, after, changed);
}

bool differ_only_in_counts(const objects::GatewayStatus& a, const objects::GatewayStatus& b) {
  auto copy = a;
  copy.attached_listener_sets = b.attached_listener_sets;
  if (copy.listeners.size() != b.listeners.size()) return false;
  for (std::size_t i = 0; i < copy.listeners.size(); ++i)
    copy.listeners[i].attached_routes = b.listeners[i].attached_routes;
  return copy == b;
}

}  // namespace gatehouse::controller
