// SPDX-License-Identifier: Apache-2.0
// matches[] of an HTTPRoute rule, or of a GRPCRoute in the form of one.
#pragma once

#include <string>
#include <vector>

#include "config/ir/route.h"
#include "config/objects/http_route.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

/// `where` names object and field of `match`, `path_field` what its path comes from there. What cannot be
/// served goes to `findings`; the result is then unusable.
ir::RouteMatch to_match(const objects::HttpRouteMatch& match, const std::string& where, Findings& findings,
                        std::string_view path_field = "path.value");

}  // namespace gatehouse::translate
