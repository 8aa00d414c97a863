// SPDX-License-Identifier: Apache-2.0
// One object of any kind this build knows, and its identity.
#pragma once

#include <memory>
#include <string>
#include <variant>

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

template <typename... T>
using OneOf = std::variant<std::shared_ptr<const T>...>;

using AnyObject = OneOf<GatewayClass, Gateway, ListenerSet, HttpRoute, GrpcRoute, TlsRoute, TcpRoute,
                        UdpRoute, ReferenceGrant, BackendTlsPolicy, XBackend, XBackendTrafficPolicy,
                        BackendTrafficPolicy, Service, EndpointSlice, Namespace, Secret, ConfigMap>;

/// "HTTPRoute default/demo": unique among all objects.
std::string identity(const AnyObject& object);
std::string identity(std::string_view kind, const ObjectMeta& meta);

/// Same kind and equal content, whatever the pointers.
bool equal_content(const AnyObject& a, const AnyObject& b);

}  // namespace gatehouse::objects
