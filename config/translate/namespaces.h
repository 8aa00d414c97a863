// SPDX-License-Identifier: Apache-2.0
// Which namespaces a listener or a Gateway is open to.
#pragma once

#include <string>

#include "config/objects/snapshot.h"

namespace gatehouse::translate {

/// allowedRoutes.namespaces of a listener, or allowedListeners.namespaces of a Gateway: `rule.from` is All,
/// Selector, Same or None. `own` is the namespace of the object that states the rule.
bool admits_namespace(const objects::Snapshot& snapshot, const objects::AllowedRoutes& rule,
                      const std::string& own, const std::string& ns);
bool admits_namespace(const objects::Snapshot& snapshot, const objects::AllowedListeners& rule,
                      const std::string& own, const std::string& ns);

/// Every namespace carries its own name as a label, also one that is not known (`object` is null).
bool selects_namespace(const objects::LabelSelector& selector, const std::string& ns,
                       const objects::Namespace* object);

}  // namespace gatehouse::translate
