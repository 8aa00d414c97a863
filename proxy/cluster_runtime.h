// SPDX-License-Identifier: Apache-2.0
// What all workers share of one cluster.
#pragma once

#include <cstdint>
#include <memory>

#include "config/ir/cluster.h"
#include "proxy/endpoint_health.h"
#include "routing/balance/hash_table.h"
#include "tls/client_context.h"

namespace gatehouse::proxy {

/// Immutable but for the verdicts in `health`. `table` and `health` count endpoints like `config` does.
struct ClusterRuntime {
  std::uint32_t id = 0;  ///< routing::CompileIds::clusters
  std::shared_ptr<const ir::Cluster> config;
  std::shared_ptr<const routing::balance::HashTable> table;  ///< null: the load balancer hashes nothing
  std::shared_ptr<EndpointHealth> health;                    ///< null: no active check
  std::shared_ptr<const tls::ClientContext> tls;             ///< null: plaintext, or settings of no use

  /// Takes over from `previous`, the same cluster before the change, what did not change. Control thread.
  static ClusterRuntime build(std::uint32_t id, std::shared_ptr<const ir::Cluster> config,
                              const ClusterRuntime* previous, std::size_t workers);
};

}  // namespace gatehouse::proxy
