// SPDX-License-Identifier: Apache-2.0
// All known objects at one moment: what translate reads.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "config/objects/core.h"
#include "config/objects/gateway.h"
#include "config/objects/http_route.h"

namespace gatehouse::objects {

/// Objects by "namespace/name" (cluster-scoped: "name"). Objects are immutable and shared: an object that did
/// not change is the same pointer in the next snapshot.
template <typename T>
using ObjectMap = std::map<std::string, std::shared_ptr<const T>, std::less<>>;

/// Copying a snapshot copies the maps, not the objects.
struct Snapshot {
  ObjectMap<GatewayClass> gateway_classes;
  ObjectMap<Gateway> gateways;
  ObjectMap<HttpRoute> http_routes;
  ObjectMap<Service> services;
  ObjectMap<EndpointSlice> endpoint_slices;
  ObjectMap<Namespace> namespaces;
};

}  // namespace gatehouse::objects
