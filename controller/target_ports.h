// SPDX-License-Identifier: Apache-2.0
// Which port of the pods each port of a Gateway's Service leads to.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "controller/infrastructure.h"

namespace gatehouse::controller {

struct TargetPort {
  GatewayPort port;
  std::uint16_t target = 0;
};

/// By Gateway, "namespace/name"; in the order of its ports.
using TargetPorts = std::map<std::string, std::vector<TargetPort>>;

/// Shared: all Gateways have the same pods, so each port of each has a target of its own, from a range below
/// those that a kernel hands out. Dedicated: the port itself, or one that a process without privileges may
/// bind. What a Service has stays as it is, so Services are the only record of it.
TargetPorts target_ports(const InfrastructureInput& input, const InfrastructureOptions& options);

}  // namespace gatehouse::controller
