// SPDX-License-Identifier: Apache-2.0
// Where the endpoints of a Service port come from.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/ir/cluster.h"
#include "config/objects/core.h"

namespace gatehouse::translate {

/// EndpointSlices by the "namespace/name" of their Service.
using SlicesByService = std::map<std::string, std::vector<const objects::EndpointSlice*>, std::less<>>;

/// The port of `service` with this number that HTTP can use, or null.
const objects::ServicePort* find_port(const objects::Service& service, std::int32_t number);

/// "ip:port,ip:port"; nullopt when an entry is something else.
std::optional<std::vector<ir::Endpoint>> parse_endpoints(std::string_view text);

/// From EndpointSlices if there are any, else the annotation, else externalName, else the ClusterIPs.
/// Sorted, without duplicates; empty when nothing is ready.
std::vector<ir::Endpoint> endpoints_of(const objects::Service& service, const objects::ServicePort& port,
                                       const std::vector<const objects::EndpointSlice*>& slices);

}  // namespace gatehouse::translate
