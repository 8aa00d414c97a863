// SPDX-License-Identifier: Apache-2.0
// Kubernetes label selectors.
#pragma once

#include <map>
#include <string>

#include "config/objects/gateway.h"

namespace gatehouse::translate {

using Labels = std::map<std::string, std::string>;

/// All requirements must hold. A selector without any selects nothing: an omitted one must not open a
/// listener to everybody, and "everybody" has a word of its own (from: All). An unknown operator selects
/// nothing.
bool selects(const objects::LabelSelector& selector, const Labels& labels);

}  // namespace gatehouse::translate
