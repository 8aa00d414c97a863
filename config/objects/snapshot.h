// SPDX-License-Identifier: Apache-2.0
// All known objects at one moment: what translate reads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/objects/backend_tls.h"
#include "config/objects/core.h"
#include "config/objects/gateway.h"
#include "config/objects/grpc_route.h"
#include "config/objects/http_route.h"
#include "config/objects/l4_routes.h"
#include "config/objects/listener_set.h"
#include "config/objects/reference_grant.h"
#include "config/objects/traffic_policy.h"
#include "config/objects/x_backend.h"

namespace gatehouse::objects {

/// Objects by "namespace/name" (cluster-scoped: "name"). Objects are immutable and shared: an object that did
/// not change is the same pointer in the next snapshot.
template <typename T>
using ObjectMap = std::map<std::string, std::shared_ptr<const T>, std::less<>>;

/// What has changed in a store, so that nobody needs to compare whole snapshots: the snapshot of generation
/// `until` differs from that of any generation from `since` on in nothing but `objects`.
struct ChangeFeed {
  struct Entry {
    std::string_view kind;  ///< kKind of the object that came, changed or went
    std::string name;       ///< its key in the snapshot; the same one may be named more than once
  };
  std::uint64_t store = 0;  ///< which store: unique in this process; 0 for a snapshot made otherwise
  std::uint64_t since = 0;
  std::uint64_t until = 0;
  std::vector<Entry> objects;
};

/// Copying a snapshot copies the maps, not the objects.
struct Snapshot {
  ObjectMap<GatewayClass> gateway_classes;
  ObjectMap<Gateway> gateways;
  ObjectMap<ListenerSet> listener_sets;
  ObjectMap<HttpRoute> http_routes;
  ObjectMap<GrpcRoute> grpc_routes;
  ObjectMap<TlsRoute> tls_routes;
  ObjectMap<TcpRoute> tcp_routes;
  ObjectMap<UdpRoute> udp_routes;
  ObjectMap<ReferenceGrant> reference_grants;
  ObjectMap<BackendTlsPolicy> backend_tls_policies;
  ObjectMap<XBackend> x_backends;
  ObjectMap<XBackendTrafficPolicy> x_backend_traffic_policies;
  ObjectMap<BackendTrafficPolicy> backend_traffic_policies;
  ObjectMap<Service> services;
  ObjectMap<EndpointSlice> endpoint_slices;
  ObjectMap<Namespace> namespaces;
  ObjectMap<Secret> secrets;
  ObjectMap<ConfigMap> config_maps;
  ChangeFeed feed;
};

/// The map for objects of type T.
template <typename T>
ObjectMap<T>& objects_of(Snapshot& snapshot) {
  const auto pick = [&]<typename... Maps>(Maps&... maps) -> ObjectMap<T>& {
    ObjectMap<T>* found = nullptr;
    const auto consider = [&found](auto& map) {
      if constexpr (std::is_same_v<std::remove_reference_t<decltype(map)>, ObjectMap<T>>) found = &map;
    };
    (consider(maps), ...);
    return *found;
  };
  auto& s = snapshot;
  return pick(s.gateway_classes, s.gateways, s.listener_sets, s.http_routes, s.grpc_routes, s.tls_routes,
              s.tcp_routes, s.udp_routes, s.reference_grants, s.backend_tls_policies, s.x_backends,
              s.x_backend_traffic_policies, s.backend_traffic_policies, s.services, s.endpoint_slices,
              s.namespaces, s.secrets, s.config_maps);
}

}  // namespace gatehouse::objects
