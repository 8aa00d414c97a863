// SPDX-License-Identifier: Apache-2.0
// filters[] of an HTTPRoute rule or backendRef.
#pragma once

#include <string>
#include <vector>

#include "config/ir/route.h"
#include "config/objects/http_route.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

struct HeaderFilters {
  ir::HeaderModifier request;
  ir::HeaderModifier response;
};

/// `where` names object and field that holds the filters. A filter that cannot be applied goes to `findings`:
/// serving the route without it could let through what the filter was to stop.
HeaderFilters to_filters(const std::vector<objects::HttpRouteFilter>& filters, const std::string& where,
                         Findings& findings);

}  // namespace gatehouse::translate
