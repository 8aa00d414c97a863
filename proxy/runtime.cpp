// SPDX-License-Identifier: Apache-2.0
#include "proxy/runtime.h"

#include <algorithm>
#include <map>

namespace gatehouse::proxy {
namespace {

using ListenerPtr = std::shared_ptr<const ListenerRuntime>;

const ListenerPtr* find_previous(const std::vector<ListenerPtr>& previous, const std::string& name) {
  const auto at =
      std::lower_bound(previous.begin(), previous.end(), name,
                       [](const ListenerPtr& l, const std::string& n) { return l->config->name < n; });
  return at != previous.end() && (*at)->config->name == name ? &*at : nullptr;
}

http::RequestRules rules_of(const ir::HttpLimits& limits, const http::RequestRules& defaults) {
  http::RequestRules rules = defaults;
  rules.max_header_count = limits.max_header_count;
  rules.max_uri_bytes = limits.max_uri_bytes;
  return rules;
}

ListenerPtr build_listener(std::shared_ptr<const ir::Listener> config, const ListenerPtr* previous,
                           const Runtime::Input& input, routing::CompileStats* stats) {
  if (previous && (*previous)->config == config) return *previous;
  auto listener = std::make_shared<ListenerRuntime>();
  listener->table =
      routing::compile(*config, input.ids, previous ? (*previous)->table.get() : nullptr, stats);
  listener->request_rules = rules_of(config->limits, input.settings->request_rules);
  listener->port_text = std::to_string(config->advertised_port);
  for (const auto& auth : config->request_filters)
    listener->request_filters.push_back(auth->cluster.empty() ? routing::kNoCluster
                                                              : input.ids.clusters.id(auth->cluster));
  listener->config = std::move(config);
  return listener;
}

/// Listeners by the addresses they bind; a socket is shared by listeners of any Gateways.
std::vector<SocketRuntime> group_by_socket(const std::vector<ListenerPtr>& listeners) {
  std::map<SocketAddress, std::vector<const ListenerRuntime*>> groups;
  for (const auto& listener : listeners)
    for (const auto& address : listener->config->binds) groups[address].push_back(listener.get());

  std::vector<SocketRuntime> sockets;
  for (auto& [address, members] : groups) {
    std::vector<std::pair<std::string, std::uint32_t>> hosts;
    for (std::uint32_t i = 0; i < members.size(); ++i) hosts.emplace_back(members[i]->config->hostname, i);
    sockets.push_back({address, std::move(members), routing::ListenerIndex(hosts)});
  }
  return sockets;
}

std::vector<const ClusterRuntime*> clusters_by_id(const Runtime* runtime) {
  std::vector<const ClusterRuntime*> clusters(runtime ? runtime->cluster_ids() : 0);
  if (runtime)
    for (const auto& cluster : runtime->clusters()) clusters[cluster.id] = &cluster;
  return clusters;
}

}  // namespace

Runtime::Runtime(Probes& probes) : probes_(probes) {
  probes_.process().runtime_built();
}
Runtime::~Runtime() {
  probes_.process().runtime_destroyed();
}

std::shared_ptr<const Runtime> Runtime::build(const Input& input, routing::CompileStats* stats) {
  std::shared_ptr<Runtime> runtime(new Runtime(*input.probes));
  runtime->generation_ = input.generation;
  runtime->config_ = input.config;
  for (const auto& config : input.config->listeners) {
    const auto* previous = input.previous ? find_previous(input.previous->listeners_, config->name) : nullptr;
    runtime->listeners_.push_back(build_listener(config, previous, input, stats));
  }
  runtime->sockets_ = group_by_socket(runtime->listeners_);
  const auto known = clusters_by_id(input.previous);
  for (const auto& cluster : input.config->clusters) {
    const std::uint32_t id = input.ids.clusters.id(cluster->key);
    runtime->clusters_.push_back(ClusterRuntime::build(id, cluster, id < known.size() ? known[id] : nullptr));
  }
  runtime->cluster_ids_ = input.ids.clusters.size();
  runtime->lease_rows(input);
  return runtime;
}

void Runtime::lease_rows(const Input& input) {
  cluster_leases_.resize(cluster_ids_);
  for (const auto& cluster : clusters_)
    cluster_leases_[cluster.id] = probes_.lease_cluster(cluster.config->key);
  route_leases_.resize(input.ids.metrics.size());
  for (const auto& listener : listeners_) {
    for (const auto& attachment : listener->config->routes) {
      auto& lease = route_leases_[input.ids.metrics.id(attachment.route->key)];
      if (lease.slot() == metrics::Table::kOther) lease = probes_.lease_route(attachment.route->key);
    }
  }
}

const SocketRuntime* Runtime::find_socket(const SocketAddress& address) const {
  const auto at =
      std::lower_bound(sockets_.begin(), sockets_.end(), address,
                       [](const SocketRuntime& s, const SocketAddress& a) { return s.address < a; });
  return at != sockets_.end() && at->address == address ? &*at : nullptr;
}

}  // namespace gatehouse::proxy
