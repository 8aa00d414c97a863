// SPDX-License-Identifier: Apache-2.0
// Desired statuses: what translate decides, `validate` prints, and the controller writes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/shared_map.h"
#include "config/objects/gateway.h"
#include "config/objects/http_route.h"
#include "config/objects/metadata.h"

namespace gatehouse::objects {

struct GatewayClassStatus {
  std::vector<Condition> conditions;
  std::vector<std::string> supported_features;  ///< sorted
  bool operator==(const GatewayClassStatus&) const = default;
};

struct ListenerStatus {
  std::string name;
  std::vector<RouteGroupKind> supported_kinds;
  std::int32_t attached_routes = 0;
  std::vector<Condition> conditions;
  bool operator==(const ListenerStatus&) const = default;
};

struct GatewayStatus {
  std::vector<GatewayAddress> addresses;
  std::int32_t attached_listener_sets = 0;
  std::vector<Condition> conditions;
  std::vector<ListenerStatus> listeners;
  bool operator==(const GatewayStatus&) const = default;
};

struct ListenerSetStatus {
  std::vector<Condition> conditions;
  std::vector<ListenerStatus> listeners;  ///< empty while its Gateway does not take it up
  bool operator==(const ListenerSetStatus&) const = default;
};

struct RouteParentStatus {
  ParentReference parent_ref;
  std::string controller_name;
  std::vector<Condition> conditions;
  bool operator==(const RouteParentStatus&) const = default;
};

struct RouteStatus {
  std::vector<RouteParentStatus> parents;
  bool operator==(const RouteStatus&) const = default;
};

struct PolicyAncestorStatus {
  ParentReference ancestor_ref;
  std::string controller_name;
  std::vector<Condition> conditions;
  bool operator==(const PolicyAncestorStatus&) const = default;
};

/// GEP-713: status.ancestors of policies, and of XBackend.
struct PolicyStatus {
  std::vector<PolicyAncestorStatus> ancestors;  ///< at most 16
  bool operator==(const PolicyStatus&) const = default;
};

/// By the same keys as Snapshot.
struct Statuses {
  std::map<std::string, GatewayClassStatus> gateway_classes;
  std::map<std::string, GatewayStatus> gateways;
  std::map<std::string, ListenerSetStatus> listener_sets;
  SharedMap<RouteStatus> http_routes;  ///< many, so that copies share them
  SharedMap<RouteStatus> grpc_routes;
  SharedMap<RouteStatus> tls_routes;
  SharedMap<RouteStatus> tcp_routes;
  SharedMap<RouteStatus> udp_routes;
  std::map<std::string, std::map<std::string, PolicyStatus>> policies;  ///< by kind, then by name
  bool operator==(const Statuses&) const = default;
};

/// Stable YAML of all statuses: golden files, `validate`, the admin port.
std::string dump(const Statuses& statuses);

}  // namespace gatehouse::objects
