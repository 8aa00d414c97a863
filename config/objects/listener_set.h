// SPDX-License-Identifier: Apache-2.0
// ListenerSet (gateway.networking.k8s.io/v1): more listeners for a Gateway.
#pragma once

#include <vector>

#include "config/objects/gateway.h"
#include "config/objects/metadata.h"
#include "config/objects/references.h"

namespace gatehouse::objects {

struct ListenerSet {
  static constexpr const char* kKind = "ListenerSet";
  ObjectMeta meta;
  ParentReference parent_ref;  ///< section_name and port are never set
  std::vector<GatewayListener> listeners;
  bool operator==(const ListenerSet&) const = default;
};

}  // namespace gatehouse::objects
