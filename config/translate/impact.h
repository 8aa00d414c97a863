// SPDX-License-Identifier: Apache-2.0
// How far changes of objects reach.
#pragma once

#include <set>
#include <string>

#include "config/translate/changes.h"
#include "config/translate/route_traces.h"

namespace gatehouse::translate {

/// What has to be made anew.
struct Impact {
  bool everything = false;
  RouteNames routes;
  std::set<std::string> endpoints_of;  ///< Services
};

/// `draft` is what the Gateways and policies came to before, and sees the objects as they are now.
Impact impact_of(const Changes& changes, const Draft& draft, const RouteTraces& traces);

}  // namespace gatehouse::translate
