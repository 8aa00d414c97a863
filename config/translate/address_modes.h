// SPDX-License-Identifier: Apache-2.0
// Addresses that come from Services: which Service a Gateway is reached through, and what it says.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/objects/snapshot.h"
#include "config/translate/memo.h"
#include "config/translate/translate.h"

namespace gatehouse::translate {

/// Everything made for a Gateway carries its name under this label, as label_value() writes it.
inline constexpr const char* kGatewayNameLabel = "gateway.networking.k8s.io/gateway-name";
/// Objects in the controller's namespace say here whom they are for: "namespace/name".
inline constexpr const char* kGatewayAnnotation = "gatehouse.dev/gateway";

/// `text` when it is a label's value, else a legible part of it and a hash: at most 63 characters.
std::string label_value(std::string_view text);

/// Name of what is made in the controller's namespace for a Gateway ("namespace/name"): a DNS label.
std::string infrastructure_name(std::string_view gateway);

/// By the mode; null when there is none (yet), and in pool mode.
const objects::Service* service_for(const objects::Snapshot& snapshot, const Options& options,
                                    const objects::Gateway& gateway);

/// What clients reach the Service at. LoadBalancer: what its load balancer was given, in IP addresses or
/// names, and externalIPs. Others: externalIPs, else the ClusterIPs. Each once, in the order written.
std::vector<objects::GatewayAddress> addresses_of(const objects::Service& service);

/// Where the Service sends what comes in on `port`; nullopt when it has no such port. A target port that is
/// a name counts as `port`, for nobody here knows the pods.
std::optional<std::uint16_t> target_port_of(const objects::Service& service, std::uint16_t port,
                                            Transport transport);

struct Draft;
struct GatewayDraft;
/// The part of the addresses pass for modes with Services: addresses, binds, and sockets of the listeners.
void address_through_service(Draft& draft, GatewayDraft& gateway);

}  // namespace gatehouse::translate
