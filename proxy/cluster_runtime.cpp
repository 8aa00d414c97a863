// SPDX-License-Identifier: Apache-2.0
#include "proxy/cluster_runtime.h"

#include "base/log.h"

namespace gatehouse::proxy {
namespace {

std::vector<std::string> offered(ir::ClusterProtocol protocol) {
  switch (protocol) {
    case ir::ClusterProtocol::http1:
      return {"http/1.1"};
    case ir::ClusterProtocol::http2:
      return {"h2"};
    case ir::ClusterProtocol::negotiated:
      break;
  }
  return {"h2", "http/1.1"};
}

/// Null as well where OpenSSL refuses the settings: then no endpoint can be reached.
std::shared_ptr<const tls::ClientContext> client_context(const ir::Cluster& config,
                                                         const ClusterRuntime* previous,
                                                         std::size_t workers) {
  if (!config.tls) return nullptr;
  const bool same = previous && previous->tls && previous->config->tls &&
                    *previous->config->tls == *config.tls && previous->config->protocol == config.protocol;
  if (same) return previous->tls;
  auto settings = std::make_shared<ir::ClusterTls>(*config.tls);
  settings->options.alpn = offered(config.protocol);
  auto built = tls::ClientContext::build(std::move(settings), workers);
  if (built) return std::move(*built);
  log_error("cluster {}: TLS cannot be used, its endpoints are out of reach: {}", config.key,
            built.error().detail);
  return nullptr;
}

}  // namespace

ClusterRuntime ClusterRuntime::build(std::uint32_t id, std::shared_ptr<const ir::Cluster> config,
                                     const ClusterRuntime* previous, std::size_t workers) {
  if (previous && previous->config == config) return *previous;
  ClusterRuntime cluster{id, std::move(config), nullptr, nullptr, nullptr};
  const bool same_table = previous && previous->config->endpoints == cluster.config->endpoints &&
                          previous->config->load_balancer.kind == cluster.config->load_balancer.kind;
  cluster.table = same_table ? previous->table : routing::balance::HashTable::build(*cluster.config);
  cluster.health = EndpointHealth::build(*cluster.config, previous ? previous->health.get() : nullptr);
  cluster.tls = client_context(*cluster.config, previous, workers);
  return cluster;
}

}  // namespace gatehouse::proxy
