// SPDX-License-Identifier: Apache-2.0
// How a cluster behaves, as opposed to where its endpoints are: what policies decide about.
#pragma once

#include "config/ir/cluster.h"

namespace gatehouse::translate {

/// Everything of ir::Cluster but its key and its endpoints.
struct ClusterSettings {
  ir::PoolLimits pool;
  ir::LoadBalancer load_balancer;
  ir::ActiveHealthCheck active_health;
  ir::PassiveHealth passive_health;
  ir::CircuitBreaker breaker;
  ir::RetryBudget retry_budget;
  ir::DnsRefresh dns;
  ir::ProxyProtocolOut proxy_protocol = ir::ProxyProtocolOut::off;
  bool zone_aware = true;  ///< false: endpoints of all zones alike
  bool operator==(const ClusterSettings&) const = default;
};

}  // namespace gatehouse::translate
