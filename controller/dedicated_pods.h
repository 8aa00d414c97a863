// SPDX-License-Identifier: Apache-2.0
// The Deployment of a Gateway that has pods of its own: this same binary, told to serve nothing else.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "controller/infrastructure.h"
#include "controller/target_ports.h"

namespace gatehouse::controller {

/// What tells its pods from all others of the namespace.
std::map<std::string, std::string> dedicated_pod_labels(const objects::Gateway& gateway);

/// spec of the Deployment.
nlohmann::json dedicated_deployment(const objects::Gateway& gateway, const std::vector<TargetPort>& ports,
                                    const InfrastructureOptions& options);

}  // namespace gatehouse::controller
