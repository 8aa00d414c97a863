// SPDX-License-Identifier: Apache-2.0
// GatewayClass and Gateway (gateway.networking.k8s.io/v1) as users write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/objects/metadata.h"

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
  std::string group = "gateway.networking.k8s.io";
  std::string kind;
  bool operator==(const RouteGroupKind&) const = default;
};

struct LabelSelectorRequirement {
  std::string key;
  std::string op;  ///< In, NotIn, Exists, DoesNotExist
  std::vector<std::string> values;
  bool operator==(const LabelSelectorRequirement&) const = default;
};

struct LabelSelector {
  std::map<std::string, std::string> match_labels;
  std::vector<LabelSelectorRequirement> match_expressions;
  bool operator==(const LabelSelector&) const = default;
};

/// listeners[].allowedRoutes; `from` is All, Selector, Same or None.
struct AllowedRoutes {
  std::string from = "Same";
  LabelSelector selector;
  std::vector<RouteGroupKind> kinds;
  bool operator==(const AllowedRoutes&) const = default;
};

struct GatewayListener {
  std::string name;
  std::optional<std::string> hostname;
  std::int32_t port = 0;
  std::string protocol;
  AllowedRoutes allowed_routes;
  bool operator==(const GatewayListener&) const = default;
};

struct GatewayAddress {
  std::string type = "IPAddress";
  std::string value;  ///< empty: to be assigned
  bool operator==(const GatewayAddress&) const = default;
};

struct Gateway {
  static constexpr const char* kKind = "Gateway";
  ObjectMeta meta;
  std::string gateway_class_name;
  std::vector<GatewayListener> listeners;
  std::vector<GatewayAddress> addresses;
  bool operator==(const Gateway&) const = default;
};

}  // namespace gatehouse::objects
