// SPDX-License-Identifier: Apache-2.0
// What one translation remembers for the next.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/ir/config.h"
#include "config/objects/snapshot.h"
#include "config/translate/cluster_settings.h"
#include "config/translate/translate.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

/// A Service port or an XBackend that requests are sent to: exactly one of the two objects is set.
struct BackendTarget {
  std::string cluster;
  std::shared_ptr<const objects::Service> service;
  std::shared_ptr<const objects::XBackend> x_backend;
  std::int32_t port = 0;
  std::shared_ptr<const ClusterSettings> settings;  ///< null: what the options say
};

/// What became of one HTTPRoute, whichever listeners it is attached to.
struct RouteOutcome {
  std::shared_ptr<const ir::HttpRoute> route;  ///< null when not accepted
  Verdict accepted;
  Verdict partially_invalid;  ///< not ok: some rules were dropped, others are served
  Verdict resolved_refs;
  std::vector<BackendTarget> targets;
};

/// Everything an outcome was made from, in a fixed order; null where something was looked for in vain.
/// Holding the objects makes comparing their addresses safe: no other object can come to live there.
using Inputs = std::vector<std::shared_ptr<const void>>;

struct PolicyMemo;
class ShortWays;

/// Owned by whoever calls translate.
class Memo {
 public:
  struct RouteEntry {
    std::shared_ptr<const objects::HttpRoute> object;
    Inputs inputs;  ///< besides the route: backends, ReferenceGrants
    std::shared_ptr<const RouteOutcome> outcome;
  };

  std::map<std::string, RouteEntry, std::less<>> routes;
  std::shared_ptr<PolicyMemo> policies;
  std::shared_ptr<ShortWays> short_ways;
  std::shared_ptr<const ir::Config> previous;
  MemoCounts counts;
};

}  // namespace gatehouse::translate
