// SPDX-License-Identifier: Apache-2.0
// RequestHeaderModifier and ResponseHeaderModifier, of any route kind.
#pragma once

#include <string>

#include "config/ir/filters.h"
#include "config/objects/http_filters.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

/// `where` names object and field of `filter`. Of several entries of one list with the same name the first
/// counts. What cannot be done goes to `findings`.
ir::HeaderModifier to_header_modifier(const objects::HttpHeaderFilter& filter, const std::string& where,
                                      Findings& findings);

}  // namespace gatehouse::translate
