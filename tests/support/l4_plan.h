// SPDX-License-Identifier: Apache-2.0
// Configurations with one TCP, UDP or TLS passthrough listener and one route.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/ir/config.h"

namespace gatehouse::test {

/// Change any part of it, then ask for config().
struct L4Plan {
  struct Backend {
    std::string name;
    std::vector<SocketAddress> endpoints;
    std::uint32_t weight = 1;
    bool broken = false;  ///< an invalid reference
  };

  ir::ListenerProtocol protocol = ir::ListenerProtocol::tcp;
  ir::HttpLimits limits;
  std::vector<Backend> backends;
  std::string route = "route";
  std::vector<std::string> hostnames;                ///< of the route; TLS only
  std::string hostname;                              ///< of the listener
  std::function<void(ir::Cluster&)> change_cluster;  ///< applied to each
  bool has_route = true;
  std::shared_ptr<const ir::ListenerTls> tls;  ///< TLS only; null: passed through
  std::vector<const L4Plan*> beside;           ///< further listeners on the same socket

  void add(std::string name, std::vector<SocketAddress> endpoints, std::uint32_t weight = 1) {
    backends.push_back({std::move(name), std::move(endpoints), weight});
  }

  std::shared_ptr<const ir::Listener> listener(const SocketAddress& bind) const {
    auto listener = std::make_shared<ir::Listener>();
    listener->name = "test/gateway/" + (hostname.empty() ? "l4" : hostname) + "-" + bind.to_string() +
                     (protocol == ir::ListenerProtocol::udp ? "-udp" : "");
    listener->gateway = "test/gateway";
    listener->binds = {bind};
    listener->advertised_port = bind.port;
    listener->hostname = hostname;
    listener->protocol = protocol;
    listener->limits = limits;
    if (protocol == ir::ListenerProtocol::tls) {
      ir::ListenerTls passthrough;
      passthrough.mode = ir::ListenerTls::Mode::passthrough;
      listener->tls = tls ? tls : std::make_shared<const ir::ListenerTls>(passthrough);
    }
    if (has_route) listener->l4_routes.push_back({l4_route(), hostnames});
    return listener;
  }

  void add_to(ir::Config& config, const SocketAddress& bind) const {
    config.listeners.push_back(listener(bind));
    for (const auto& backend : backends)
      if (!backend.broken) config.clusters.push_back(cluster(backend));
    for (const auto* other : beside) other->add_to(config, bind);
    const auto by_name = [](const auto& a, const auto& b) { return a->name < b->name; };
    const auto by_key = [](const auto& a, const auto& b) { return a->key < b->key; };
    std::sort(config.listeners.begin(), config.listeners.end(), by_name);
    std::sort(config.clusters.begin(), config.clusters.end(), by_key);
  }
  std::shared_ptr<const ir::Config> config(const SocketAddress& bind) const {
    auto config = std::make_shared<ir::Config>();
    add_to(*config, bind);
    return config;
  }

 private:
  static std::string key_of(const Backend& backend) { return "Service/test/" + backend.name + "/1"; }

  std::shared_ptr<const ir::L4Route> l4_route() const {
    auto made = std::make_shared<ir::L4Route>();
    made->key = "TCPRoute/test/" + route;
    made->age.name = "test/" + route;
    for (const auto& backend : backends) {
      ir::WeightedBackend ref;
      if (!backend.broken) ref.cluster = key_of(backend);
      if (backend.broken) ref.error_status = 500;
      ref.weight = backend.weight;
      made->backends.push_back(std::move(ref));
    }
    return made;
  }
  std::shared_ptr<const ir::Cluster> cluster(const Backend& backend) const {
    auto made = std::make_shared<ir::Cluster>();
    made->key = key_of(backend);
    for (const auto& endpoint : backend.endpoints)
      made->endpoints.push_back({endpoint.ip.to_string(), endpoint.port});
    if (change_cluster) change_cluster(*made);
    return made;
  }
};

}  // namespace gatehouse::test
