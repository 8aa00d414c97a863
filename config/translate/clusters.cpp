// SPDX-License-Identifier: Apache-2.0
#include "config/translate/clusters.h"

#include <fmt/format.h>

namespace gatehouse::translate {

std::shared_ptr<const ir::Cluster> make_cluster(const BackendTarget& target, const ClusterSettings& settings,
                                                std::vector<ir::Endpoint> endpoints) {
  auto cluster = std::make_shared<ir::Cluster>();
  cluster->key = target.cluster;
  cluster->endpoints = std::move(endpoints);
  cluster->pool = settings.pool;
  cluster->load_balancer = settings.load_balancer;
  cluster->active_health = settings.active_health;
  cluster->passive_health = settings.passive_health;
  cluster->breaker = settings.breaker;
  cluster->retry_budget = settings.retry_budget;
  cluster->dns = settings.dns;
  cluster->proxy_protocol = settings.proxy_protocol;
  cluster->protocol = target.protocol;
  cluster->tls = target.tls;
  return cluster;
}

HopelessBackend why_no_endpoint(const BackendTarget& target, const EndpointList& list) {
  if (target.x_backend) {
    const auto name = "XBackend " + target.x_backend->meta.full_name();
    if (list.has_slices)
      return {name, "spec.endpointSelector", "no endpoint that it selects is ready", "look at the pods"};
    return {name, "spec.endpointSelector.matchLabels",
            "no EndpointSlice has these labels, and none belongs to a Service that selects by them",
            "correct the labels, or add the slices"};
  }
  const auto& service = *target.service;
  const auto name = "Service " + service.meta.full_name();
  if (!list.has_slices)
    return {name, "spec", "it has no EndpointSlice, externalName or clusterIP",
            fmt::format("add one, or the annotation {}", objects::kEndpointsAnnotation)};
  const auto* port = find_port(service, target.port, target.transport);
  const bool has_name = port && !port->name.empty();
  return {name, fmt::format("spec.ports[{}]", has_name ? port->name : std::to_string(target.port)),
          "no endpoint of its EndpointSlices is ready on this port",
          "look at the pods, or at the slices' port names"};
}

}  // namespace gatehouse::translate
