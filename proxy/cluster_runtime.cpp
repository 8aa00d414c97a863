// SPDX-License-Identifier: Apache-2.0
#include "proxy/cluster_runtime.h"

namespace gatehouse::proxy {

ClusterRuntime ClusterRuntime::build(std::uint32_t id, std::shared_ptr<const ir::Cluster> config,
                                     const ClusterRuntime* previous) {
  if (previous && previous->config == config) return *previous;
  ClusterRuntime cluster{id, std::move(config), nullptr, nullptr};
  const bool same_table = previous && previous->config->endpoints == cluster.config->endpoints &&
                          previous->config->load_balancer.kind == cluster.config->load_balancer.kind;
  cluster.table = same_table ? previous->table : routing::balance::HashTable::build(*cluster.config);
  cluster.health = EndpointHealth::build(*cluster.config, previous ? previous->health.get() : nullptr);
  return cluster;
}

}  // namespace gatehouse::proxy
