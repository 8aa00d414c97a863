// SPDX-License-Identifier: Apache-2.0
// The one place where clusters are made, out of a backend's endpoints and the settings that hold for it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/ir/cluster.h"
#include "config/translate/cluster_settings.h"
#include "config/translate/endpoints.h"
#include "config/translate/memo.h"

namespace gatehouse::translate {

/// `target.cluster` is the key. `endpoints` are those of the target.
std::shared_ptr<const ir::Cluster> make_cluster(const BackendTarget& target, const ClusterSettings& settings,
                                                std::vector<ir::Endpoint> endpoints);

/// What is wrong when `list` is empty, in words for the owner of the backend.
struct HopelessBackend {
  std::string object;
  std::string field;
  std::string reason;
  std::string fix;
};
HopelessBackend why_no_endpoint(const BackendTarget& target, const EndpointList& list);

}  // namespace gatehouse::translate
