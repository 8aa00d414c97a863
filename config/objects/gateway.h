// SPDX-License-Identifier: Apache-2.0
// GatewayClass and Gateway (gateway.networking.k8s.io/v1) as users write them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/objects/http_filters.h"
#include "config/objects/metadata.h"
#include "config/objects/references.h"

namespace gatehouse::objects {

struct ParametersReference {
  std::string group;
  std::string kind;
  std::string name;
  std::optional<std::string> ns;
  bool operator==(const ParametersReference&) const = default;
};

struct GatewayClass {
  static constexpr const char* kKind = "GatewayClass";
  ObjectMeta meta;
  std::string controller_name;
  std::string description;
  std::optional<ParametersReference> parameters_ref;
  bool operator==(const GatewayClass&) const = default;
};

struct RouteGroupKind {
  std::string group = kGatewayGroup;
  std::string kind;
  bool operator==(const RouteGroupKind&) const = default;
};

/// listeners[].allowedRoutes; `from` is All, Selector or Same.
struct AllowedRoutes {
  std::string from = "Same";
  std::optional<LabelSelector> selector;  ///< absent: selects nothing
  std::vector<RouteGroupKind> kinds;
  bool operator==(const AllowedRoutes&) const = default;
};

/// listeners[].tls: decoded for the sake of its rules and of what comes with HTTPS.
struct ListenerTls {
  std::string mode = "Terminate";  ///< Terminate, Passthrough
  std::vector<SecretObjectReference> certificate_refs;
  std::map<std::string, std::string> options;
  bool operator==(const ListenerTls&) const = default;
};

/// One entry of spec.listeners of a Gateway or of a ListenerSet.
struct GatewayListener {
  std::string name;
  std::optional<std::string> hostname;
  std::int32_t port = 0;
  std::string protocol;
  std::optional<ListenerTls> tls;
  AllowedRoutes allowed_routes;
  std::vector<ListenerFilter> request_filters;  ///< filters.requests
  bool operator==(const GatewayListener&) const = default;
};

/// Of spec.addresses and of status.addresses.
struct GatewayAddress {
  std::string type = "IPAddress";
  std::string value;             ///< empty: to be assigned
  std::string routability = {};  ///< "", Cluster, or domain/path
  bool operator==(const GatewayAddress&) const = default;
};

/// spec.infrastructure: for what is made for this Gateway.
struct GatewayInfrastructure {
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::optional<LocalObjectReference> parameters_ref;
  bool operator==(const GatewayInfrastructure&) const = default;
};

/// spec.allowedListeners.namespaces: whose ListenerSets may attach; `from` is All, Selector, Same or None.
struct AllowedListeners {
  std::string from = "None";
  std::optional<LabelSelector> selector;  ///< absent: selects nothing
  bool operator==(const AllowedListeners&) const = default;
};

/// How clients' certificates are checked.
struct FrontendValidation {
  std::vector<ObjectReference> ca_certificate_refs;
  std::string mode = "AllowValidOnly";  ///< AllowValidOnly, AllowInsecureFallback
  bool operator==(const FrontendValidation&) const = default;
};

struct FrontendPortTls {
  std::int32_t port = 0;
  std::optional<FrontendValidation> validation;
  bool operator==(const FrontendPortTls&) const = default;
};

struct GatewayTls {
  std::optional<SecretObjectReference> backend_client_certificate;  ///< backend.clientCertificateRef
  bool has_frontend = false;
  std::optional<FrontendValidation> frontend_default;  ///< frontend.default.validation
  std::vector<FrontendPortTls> frontend_per_port;
  bool operator==(const GatewayTls&) const = default;
};

struct Gateway {
  static constexpr const char* kKind = "Gateway";
  ObjectMeta meta;
  std::string gateway_class_name;
  std::vector<GatewayListener> listeners;
  std::vector<GatewayAddress> addresses;
  GatewayInfrastructure infrastructure;
  AllowedListeners allowed_listeners;
  GatewayTls tls;
  std::string default_scope;  ///< "" and None: no; All: takes routes that ask for default Gateways
  bool operator==(const Gateway&) const = default;
};

}  // namespace gatehouse::objects
