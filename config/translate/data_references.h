// SPDX-License-Identifier: Apache-2.0
// Which Secrets and ConfigMaps the objects lead to: all others are nobody's business.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/objects/snapshot.h"

namespace gatehouse::translate {

struct DataReferences {
  std::set<std::string> secrets;  ///< "namespace/name"
  std::set<std::string> config_maps;
  bool operator==(const DataReferences&) const = default;
};

/// Of Gateways whose class is one of `controller_names`' and of their ListenerSets, and of all
/// BackendTLSPolicies; `only_gateway` ("namespace/name") not empty: of no other Gateway. Whether a
/// ReferenceGrant allows a reference is not asked here.
DataReferences data_references(const objects::Snapshot& snapshot,
                               const std::vector<std::string>& controller_names,
                               std::string_view only_gateway = {});

}  // namespace gatehouse::translate
