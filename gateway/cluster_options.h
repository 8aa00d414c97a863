// SPDX-License-Identifier: Apache-2.0
// What settings and environment say about this replica in its cluster.
#pragma once

#include <string>

#include "base/ip.h"
#include "config/file/settings.h"
#include "config/translate/translate.h"
#include "controller/infrastructure.h"
#include "controller/leader_election.h"
#include "controller/watched_kinds.h"

namespace gatehouse::gateway {

translate::AddressMode address_mode(const file::KubernetesSettings& settings);

/// POD_NAMESPACE, else `of_access`, that of the kubeconfig's context or of the service account, else
/// "default".
std::string own_namespace(const std::string& of_access);
/// The same before anybody looked for access.
std::string own_namespace(const file::KubernetesSettings& settings);

/// Whether this process is a pod of a dedicated Gateway: it serves, and another one writes for it.
bool is_pod_of_gateway(const file::KubernetesSettings& settings);

/// With the namespaces of the Services that Gateways are reached through.
controller::WatchScope watch_scope(const file::KubernetesSettings& settings,
                                   const std::string& own_namespace);

/// POD_NAME, else the host's name and something random: no two replicas have the same.
std::string replica_identity();

controller::InfrastructureOptions infrastructure_options(const file::Settings& settings,
                                                         std::string own_namespace);

/// Without identity and callback.
controller::LeaderElectionOptions lease_options(const file::KubernetesSettings& settings,
                                                const std::string& own_namespace);

/// The admin port at each address of this machine: no endpoint may be one of these.
std::vector<SocketAddress> own_admin_addresses(const file::Settings& settings);

}  // namespace gatehouse::gateway
