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
#include "config/translate/translate.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

/// A Service port that a route sends requests to.
struct BackendTarget {
  std::string cluster;
  std::shared_ptr<const objects::Service> service;
  std::int32_t port = 0;
};

/// What became of one HTTPRoute, whichever listeners it is attached to.
struct RouteOutcome {
  std::shared_ptr<const ir::HttpRoute> route;  ///< null when not accepted
  Verdict accepted;
  Verdict resolved_refs;
  std::vector<BackendTarget> targets;
};

/// Every entry holds its inputs, so that comparing their addresses is safe: no other object can come to live
/// there.
class Memo {
 public:
  struct RouteEntry {
    std::shared_ptr<const objects::HttpRoute> object;
    std::vector<std::shared_ptr<const objects::Service>>
        services;  ///< one per backendRef; null where none is used
    std::shared_ptr<const RouteOutcome> outcome;
  };

  std::map<std::string, RouteEntry, std::less<>> routes;
  std::shared_ptr<const ir::Config> previous;
  std::uint64_t routes_translated = 0;
};

}  // namespace gatehouse::translate
