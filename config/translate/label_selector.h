// SPDX-License-Identifier: Apache-2.0
// Kubernetes label selectors.
#pragma once

#include <map>
#include <string>

#include "config/objects/references.h"

namespace gatehouse::translate {

using Labels = std::map<std::string, std::string>;

/// All requirements must hold; a selector without any selects everything. An unknown operator selects
/// nothing.
bool selects(const objects::LabelSelector& selector, const Labels& labels);

}  // namespace gatehouse::translate
