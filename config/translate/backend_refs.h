// SPDX-License-Identifier: Apache-2.0
// backendRefs[] of an HTTPRoute rule.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/objects/snapshot.h"
#include "config/translate/memo.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

using ServicePointers = std::vector<std::shared_ptr<const objects::Service>>;

/// The Service of each backendRef of the route, in their order; null where there is none to use.
/// With the route itself this is all that its translation depends on.
ServicePointers services_of(const objects::HttpRoute& route,
                            const objects::ObjectMap<objects::Service>& services);

/// A reference and what it is resolved against.
struct BackendPlace {
  const objects::HttpRoute& route;
  const objects::HttpBackendRef& ref;
  const std::shared_ptr<const objects::Service>& service;
  std::string where;  ///< object and field
};

/// A reference that cannot be resolved goes to `unresolved` and answers 500 in its share of the requests.
/// Adds the Service port to `targets` when it can.
ir::WeightedBackend to_backend(const BackendPlace& place, Findings& unresolved,
                               std::vector<BackendTarget>& targets);

}  // namespace gatehouse::translate
