// SPDX-License-Identifier: Apache-2.0
// Desired statuses one by one: found by kind and name, and compared between two passes.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "config/objects/status.h"

namespace gatehouse::controller {

/// An object of the API server.
struct ObjectKey {
  std::string kind;  ///< "HTTPRoute"
  std::string name;  ///< "namespace/name", cluster-scoped: "name"
  auto operator<=>(const ObjectKey&) const = default;
};

/// One of objects::Statuses, which owns it; monostate: there is none.
using AnyStatus = std::variant<std::monostate, const objects::GatewayClassStatus*,
                               const objects::GatewayStatus*, const objects::ListenerSetStatus*,
                               const objects::RouteStatus*, const objects::PolicyStatus*>;

AnyStatus find_status(const objects::Statuses& statuses, const ObjectKey& key);

/// Calls `changed` for each that differs, came or went. Cheap: routes are compared by pointers first.
void compare_statuses(const objects::Statuses& before, const objects::Statuses& after,
                      const std::function<void(ObjectKey)>& changed);

/// Whether `a` and `b` differ in nothing but how many routes and ListenerSets are attached.
bool differ_only_in_counts(const objects::GatewayStatus& a, const objects::GatewayStatus& b);

}  // namespace gatehouse::controller
