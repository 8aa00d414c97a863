// SPDX-License-Identifier: Apache-2.0
// What an informer hands on: objects that came or changed, and those that are gone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/objects/any_object.h"
#include "config/objects/problem.h"

namespace gatehouse::controller {

/// The parts of an object as the API server has it that a writer of statuses needs.
struct ObservedObject {
  std::string uid;
  std::string resource_version;  ///< opaque: compared for equality only
  std::int64_t generation = 0;
  std::string api_version;  ///< of the answer it came with: "gateway.networking.k8s.io/v1"
  std::string status;       ///< compact JSON; "" when there is none, and for kinds whose status is not ours
};

struct Arrival {
  std::string name;  ///< "namespace/name", cluster-scoped: "name"
  /// Without meta.resource_version, so that a change of nothing but the status is no change. nullopt: it
  /// could not be decoded (`problems` says why); what was there before stays. Always nullopt for kinds that
  /// are watched as metadata only.
  std::optional<objects::AnyObject> object;
  ObservedObject observed;
  std::vector<objects::Problem> problems;
};

/// From one informer, in the order in which it happened.
struct Delivery {
  std::string kind;    ///< "HTTPRoute"
  bool whole = false;  ///< all there is of this kind: what is not in `arrivals` is gone
  std::vector<Arrival> arrivals;
  std::vector<std::string> gone;  ///< names
};

}  // namespace gatehouse::controller
