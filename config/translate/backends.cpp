// SPDX-License-Identifier: Apache-2.0
// The pass that collects endpoints, once per Service port in use.
#include <fmt/format.h>

#include "config/translate/draft.h"
#include "config/translate/endpoints.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kServiceNameLabel = "kubernetes.io/service-name";

SlicesByService index_slices(const objects::Snapshot& snapshot) {
  SlicesByService slices;
  for (const auto& [name, slice] : snapshot.endpoint_slices) {
    const auto label = slice->meta.labels.find(kServiceNameLabel);
    if (label != slice->meta.labels.end())
      slices[slice->meta.ns + "/" + label->second].push_back(slice.get());
  }
  return slices;
}

/// Sorted by cluster key, each once. A route that no served listener has keeps no backend alive.
std::map<std::string, const BackendTarget*> targets_in_use(const Draft& draft) {
  std::map<std::string, const BackendTarget*> targets;
  const auto add = [&targets](const RouteDraft& route) {
    if (!route.outcome || !route.outcome->route) return;
    for (const auto& target : route.outcome->targets) targets.emplace(target.cluster, &target);
  };
  for (const auto& gateway : draft.gateways)
    for (const auto& listener : gateway.listeners)
      if (gateway.serves(listener))
        for (const auto& attachment : listener.attachments) add(*attachment.route);
  return targets;
}

/// Says why a Service can never have an endpoint, which its owner will not see anywhere else.
void warn_if_hopeless(Draft& draft, const BackendTarget& target, bool has_slices) {
  const auto& service = *target.service;
  const auto* port = find_port(service, target.port);
  const auto name = "Service " + service.meta.full_name();
  if (has_slices)
    draft.warn(name,
               fmt::format("spec.ports[{}]", port->name.empty() ? std::to_string(port->port) : port->name),
               "no endpoint of its EndpointSlices is ready on this port",
               "look at the pods, or at the slices' port names");
  else
    draft.warn(name, "spec", "it has no EndpointSlice, externalName or clusterIP",
               fmt::format("add one, or the annotation {}", objects::kEndpointsAnnotation));
}

}  // namespace

void backends(Draft& draft) {
  const auto slices = index_slices(draft.snapshot);
  for (const auto& [key, target] : targets_in_use(draft)) {
    const auto own = slices.find(target->service->meta.full_name());
    const auto* port = find_port(*target->service, target->port);
    auto cluster = std::make_shared<ir::Cluster>();
    cluster->key = key;
    cluster->pool = draft.options.pool;
    cluster->endpoints = endpoints_of(*target->service, *port,
                                      own == slices.end() ? SlicesByService::mapped_type{} : own->second);
    if (cluster->endpoints.empty()) warn_if_hopeless(draft, *target, own != slices.end());
    draft.clusters.push_back(std::move(cluster));
  }
}

}  // namespace gatehouse::translate
