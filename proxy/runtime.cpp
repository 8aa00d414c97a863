// SPDX-License-Identifier: Apache-2.0
#include "proxy/runtime.h"

#include <algorithm>
#include <map>

#include "base/log.h"

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

/// Null for listeners that terminate no TLS, and where OpenSSL refuses the settings: such a listener refuses
/// its connections, it never answers in plaintext.
std::shared_ptr<const tls::ServerContext> server_context(const std::shared_ptr<const ir::Listener>& config,
                                                         const ListenerRuntime* previous,
                                                         const ProxySettings& settings) {
  const auto& wanted = config->tls;
  if (!wanted || wanted->mode == ir::ListenerTls::Mode::passthrough) return nullptr;
  const bool same = previous && previous->tls && previous->config->tls && *previous->config->tls == *wanted;
  if (same) return previous->tls;
  auto built = tls::ServerContext::build(wanted, {config->name, settings.tickets, settings.workers});
  if (built) return std::move(*built);
  log_error("listener {}: TLS cannot be served: {}", config->name, built.error().detail);
  return nullptr;
}

ListenerPtr build_listener(std::shared_ptr<const ir::Listener> config, const ListenerPtr* previous,
                           const Runtime::Input& input, routing::CompileStats* stats) {
  if (previous && (*previous)->config == config) return *previous;
  auto listener = std::make_shared<ListenerRuntime>();
  listener->table =
      routing::compile(*config, input.ids, previous ? (*previous)->table.get() : nullptr, stats);
  listener->l4 = L4Table(*config, input.ids, previous ? &(*previous)->l4 : nullptr);
  listener->tls = server_context(config, previous ? previous->get() : nullptr, *input.settings);
  listener->request_rules = rules_of(config->limits, input.settings->request_rules);
  listener->port_text = std::to_string(config->advertised_port);
  for (const auto& auth : config->request_filters)
    listener->request_filters.push_back(auth->cluster.empty() ? routing::kNoCluster
                                                              : input.ids.clusters.id(auth->cluster));
  listener->config = std::move(config);
  return listener;
}

bool serves_http(const ir::Listener& listener) {
  return listener.protocol == ir::ListenerProtocol::http || listener.protocol == ir::ListenerProtocol::https;
}

/// Listeners by the addresses they bind, TCP and UDP apart; a socket is shared by listeners of any Gateways.
std::vector<SocketRuntime> group_by_socket(const std::vector<ListenerPtr>& listeners) {
  std::map<std::pair<SocketAddress, ir::Transport>, std::vector<const ListenerRuntime*>> groups;
  for (const auto& listener : listeners)
    for (const auto& address : listener->config->binds)
      groups[{address, ir::transport_of(*listener->config)}].push_back(listener.get());

  std::vector<SocketRuntime> sockets;
  for (auto& [key, members] : groups) {
    std::vector<std::pair<std::string, std::uint32_t>> hosts;
    std::vector<std::pair<std::string, std::uint32_t>> server_names;
    for (std::uint32_t i = 0; i < members.size(); ++i) {
      const auto& config = *members[i]->config;
      if (serves_http(config)) hosts.emplace_back(config.hostname, i);
      if (config.tls) server_names.emplace_back(config.hostname, i);
    }
    sockets.push_back({key.first, std::move(members), routing::ListenerIndex(hosts), key.second,
                       routing::ListenerIndex(server_names)});
  }
  return sockets;
}

}  // namespace

Runtime::Runtime(Probes& probes) : probes_(probes) {
  probes_.process().runtime_built();
}
Runtime::~Runtime() {
  probes_.process().runtime_destroyed();
}

/// Takes over what the runtime before had leased; a name is only looked up when it is new. Values that found
/// the table full are tried again with every runtime, until one of them finds it full again.
class Runtime::LeaseTaker {
 public:
  LeaseTaker(const Leases* before, std::uint32_t size) : before_(before) {
    result_.rows.resize(size);
    result_.leases.resize(size);
  }

  template <typename Take>
  void take(std::uint32_t id, Take lease) {
    auto& mine = result_.leases[id];
    if (mine) return;
    if (before_ && before_->row(id) != metrics::Table::kOther) {
      mine = before_->leases[id];
    } else if (!is_full_) {
      mine = std::make_shared<const metrics::Lease>(lease());
      is_full_ = mine->slot() == metrics::Table::kOther;
    }
    result_.rows[id] = mine ? mine->slot() : metrics::Table::kOther;
  }

  Leases done() { return std::move(result_); }

 private:
  const Leases* before_;
  Leases result_;
  bool is_full_ = false;
};

std::shared_ptr<const Runtime> Runtime::build(const Input& input, routing::CompileStats* stats) {
  std::shared_ptr<Runtime> runtime(new Runtime(*input.probes));
  runtime->generation_ = input.generation;
  runtime->config_ = input.config;
  for (const auto& config : input.config->listeners) {
    const auto* previous = input.previous ? find_previous(input.previous->listeners_, config->name) : nullptr;
    runtime->listeners_.push_back(build_listener(config, previous, input, stats));
  }
  runtime->sockets_ = group_by_socket(runtime->listeners_);
  runtime->build_clusters(input);
  runtime->lease_rows(input);
  return runtime;
}

/// Both lists are sorted by key, and most clusters are the very objects of the runtime before: no key of
/// these is looked at.
void Runtime::build_clusters(const Input& input) {
  static const std::vector<ClusterRuntime> kNone;
  const auto& before = input.previous ? input.previous->clusters_ : kNone;
  clusters_.reserve(input.config->clusters.size());
  auto at = before.begin();
  for (const auto& cluster : input.config->clusters) {
    while (at != before.end() && at->config != cluster && at->config->key < cluster->key) ++at;
    const bool is_known = at != before.end() && (at->config == cluster || at->config->key == cluster->key);
    const auto id = is_known ? at->id : input.ids.clusters.id(cluster->key);
    clusters_.push_back(
        ClusterRuntime::build(id, cluster, is_known ? &*at : nullptr, input.settings->workers));
    if (is_known) ++at;
  }
  cluster_ids_ = input.ids.clusters.size();
}

void Runtime::lease_rows(const Input& input) {
  LeaseTaker clusters(input.previous ? &input.previous->cluster_leases_ : nullptr, cluster_ids_);
  for (const auto& cluster : clusters_)
    clusters.take(cluster.id, [&] { return probes_.lease_cluster(cluster.config->key); });
  cluster_leases_ = clusters.done();

  LeaseTaker routes(input.previous ? &input.previous->route_leases_ : nullptr, input.ids.metrics.size());
  for (const auto& listener : listeners_) {
    for (const auto& route : listener->table->routes()) {
      const auto& key = route->route()->key;
      const auto id = route->rules().empty() ? input.ids.metrics.id(key) : route->rules()[0].metric_slot;
      routes.take(id, [&] { return probes_.lease_route(key); });
    }
  }
  route_leases_ = routes.done();

  LeaseTaker l4(input.previous ? &input.previous->l4_leases_ : nullptr, input.ids.metrics.size());
  for (const auto& listener : listeners_)
    for (const auto& route : listener->l4.routes())
      l4.take(route->metric_id(), [&] { return probes_.lease_l4_route(route->config()->key); });
  l4_leases_ = l4.done();
}

const SocketRuntime* Runtime::find_socket(const SocketAddress& address, ir::Transport transport) const {
  const std::pair wanted(address, transport);
  const auto key = [](const SocketRuntime& socket) { return std::pair(socket.address, socket.transport); };
  const auto at = std::lower_bound(sockets_.begin(), sockets_.end(), wanted,
                                   [&](const SocketRuntime& s, const auto& k) { return key(s) < k; });
  return at != sockets_.end() && key(*at) == wanted ? &*at : nullptr;
}

}  // namespace gatehouse::proxy
