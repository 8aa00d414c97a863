// SPDX-License-Identifier: Apache-2.0
// Gateways and what is asked for them, for tests of what is made in a cluster.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controller/infrastructure.h"

namespace gatehouse::test {

inline std::shared_ptr<objects::Gateway> plan_gateway(std::string name,
                                                      std::vector<std::int32_t> ports = {80}) {
  auto gateway = std::make_shared<objects::Gateway>();
  gateway->meta.ns = "shop";
  gateway->meta.name = std::move(name);
  gateway->meta.uid = "uid-of-" + gateway->meta.name;
  for (const auto port : ports) {
    objects::GatewayListener listener;
    listener.name = "l" + std::to_string(port);
    listener.port = port;
    listener.protocol = "HTTP";
    gateway->listeners.push_back(std::move(listener));
  }
  return gateway;
}

inline controller::InfrastructureOptions plan_options(
    translate::AddressMode mode = translate::AddressMode::pool) {
  controller::InfrastructureOptions options;
  options.mode = mode;
  options.controller_name = "gatehouse.dev/gateway-controller";
  options.own_namespace = "gatehouse-system";
  options.image = "example.com/gatehouse:1";
  return options;
}

/// All of them are ours.
inline controller::InfrastructureInput plan_input(
    const std::vector<std::shared_ptr<objects::Gateway>>& gateways,
    const controller::InfrastructureOptions& options,
    const std::vector<std::shared_ptr<objects::Service>>& services = {}) {
  objects::Snapshot snapshot;
  objects::Statuses statuses;
  for (const auto& gateway : gateways) {
    snapshot.gateways[gateway->meta.full_name()] = gateway;
    statuses.gateways[gateway->meta.full_name()];
  }
  for (const auto& service : services) snapshot.services[service->meta.full_name()] = service;
  return controller::infrastructure_input(snapshot, statuses, options);
}

}  // namespace gatehouse::test
