// SPDX-License-Identifier: Apache-2.0
// matches[] of an HTTPRoute rule.
#pragma once

#include <string>
#include <vector>

#include "config/ir/route.h"
#include "config/objects/http_route.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

/// `where` names object and field of `match`. What cannot be served goes to `findings`; the result is then
/// unusable.
ir::RouteMatch to_match(const objects::HttpRouteMatch& match, const std::string& where, Findings& findings);

}  // namespace gatehouse::translate
