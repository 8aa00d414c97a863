// SPDX-License-Identifier: Apache-2.0
// What policies make of one translated route on one listener.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/translate/memo.h"
#include "config/translate/policies/traffic_policies.h"

namespace gatehouse::translate {

/// A route as policies change it for some listeners.
struct RouteVariant {
  std::shared_ptr<const RouteOutcome> outcome;
  PolicyUses uses;
  std::vector<std::string> disputes;  ///< rules whose backends want different things, in words
};

struct VariantInput {
  const TrafficPolicies& policies;
  const PolicyChain& listener;  ///< of the policies that hold on it
  const objects::HttpRoute& object;
  std::string_view kind;                        ///< of the route that has this form
  std::shared_ptr<const RouteOutcome> outcome;  ///< without policies; has a route
  const ClusterSettings& defaults;
};

/// Keeps the key of the route; clusters that a rule, route or listener changes get a key of their own. What
/// no policy concerns stays the same object.
RouteVariant apply_policies(const VariantInput& input);

/// The settings of a backend outside of any rule: what its own policies say. Null for the defaults.
std::shared_ptr<const ClusterSettings> backend_settings(const TrafficPolicies& policies,
                                                        std::string_view cluster,
                                                        const ClusterSettings& defaults);

}  // namespace gatehouse::translate
