// SPDX-License-Identifier: Apache-2.0
// The whole contract between configuration and proxy: one immutable Config per change.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/ir/cluster.h"
#include "config/ir/listener.h"

namespace gatehouse::ir {

/// Parts that did not change are the same objects as in the previous Config, so a diff compares pointers
/// first.
struct Config {
  std::vector<std::shared_ptr<const Listener>> listeners;  ///< sorted by name
  std::vector<std::shared_ptr<const Cluster>> clusters;    ///< sorted by key
};
bool operator==(const Config& a, const Config& b);

/// Stable, readable text of everything in `config`: golden files and /config_dump. Fields at their default
/// are left out.
std::string dump(const Config& config);

}  // namespace gatehouse::ir
