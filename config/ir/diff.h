// SPDX-License-Identifier: Apache-2.0
// What changed between two configurations, in words: the log line of a reload.
#pragma once

#include <string>
#include <vector>

#include "config/ir/config.h"

namespace gatehouse::ir {

/// One sentence per listener, route and cluster that was added, removed or changed, in that order and sorted
/// by name. Empty when the two are equal. Parts that are the same object cost one pointer comparison.
std::vector<std::string> diff(const Config& before, const Config& after);

}  // namespace gatehouse::ir
