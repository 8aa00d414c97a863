// SPDX-License-Identifier: Apache-2.0
// Every field of BackendTrafficPolicy: what it is called, and what it does to the IR.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "config/ir/route.h"
#include "config/objects/traffic_policy.h"
#include "config/translate/cluster_settings.h"
#include "config/translate/policies/attachment.h"

namespace gatehouse::translate {

/// What policies can decide about one rule and one backend of it.
struct EffectiveTraffic {
  ClusterSettings cluster;
  ir::RouteTimeouts timeouts;
  ir::RouteRetry retry;
  std::optional<objects::SessionPersistence> persistence;
};

/// One field. Functions other than `is_set` are for settings that have it.
struct TrafficField {
  enum class Part : std::uint8_t {
    cluster,      ///< of the cluster: each backend may have its own
    rule,         ///< of the rule, for all of its backends
    persistence,  ///< of the rule, or of the backend where the backend's policy says so
  };
  const char* name;  ///< "timeouts.connect": as in the YAML, below spec
  Part part;
  bool (*is_set)(const objects::TrafficSettings& settings);
  void (*apply)(const objects::TrafficSettings& settings, EffectiveTraffic& to);
  std::string (*text)(const objects::TrafficSettings& settings);
};

/// In the order in which they are shown. A field's number is its place here.
std::span<const TrafficField> traffic_fields();
FieldSet fields_of(const objects::TrafficSettings& settings);
/// "timeouts.connect, pool.maxIdle"
std::string names_of(const FieldSet& fields);

}  // namespace gatehouse::translate
