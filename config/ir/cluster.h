// SPDX-License-Identifier: Apache-2.0
// A group of endpoints that serve the same thing.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/ir/policy.h"
#include "config/ir/tls.h"

namespace gatehouse::ir {

/// One address. `host` is an IP literal, or a DNS name (externalName) that is resolved off the request path.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  /// Those of the lowest priority that has a usable endpoint are used: 0 preferred, 1 another zone's, 2
  /// terminating but still serving.
  std::uint8_t priority = 0;
  bool operator==(const Endpoint&) const = default;
};

/// How warm connections to one cluster are kept, per worker.
struct PoolLimits {
  std::uint32_t max_idle_per_endpoint = 1024;
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds read_timeout{60'000};  ///< between two bytes of a response
  std::uint64_t max_requests_per_connection = 0;   ///< 0 = unlimited
  bool operator==(const PoolLimits&) const = default;
};

/// What a cluster's endpoints are spoken to in. Of no meaning for connections of L4 routes.
enum class ClusterProtocol : std::uint8_t {
  http1,      ///< HTTP/1.1; with TLS this alone is offered
  http2,      ///< HTTP/2, also over plain TCP by prior knowledge
  negotiated  ///< with TLS: what ALPN yields; without: HTTP/1.1
};

/// PROXY protocol header sent in front of each connection to an endpoint.
enum class ProxyProtocolOut : std::uint8_t { off, v1, v2 };

struct Cluster {
  /// "Service/namespace/name/port": stable over changes, metric label. Where a route or Gateway changes the
  /// settings below for itself: "...@HTTPRoute/namespace/name" and the like.
  std::string key;
  std::vector<Endpoint> endpoints;  ///< usable ones, sorted, without duplicates
  PoolLimits pool;
  LoadBalancer load_balancer;
  ActiveHealthCheck active_health;
  PassiveHealth passive_health;
  CircuitBreaker breaker;
  RetryBudget retry_budget;
  DnsRefresh dns;
  ClusterProtocol protocol = ClusterProtocol::http1;
  ProxyProtocolOut proxy_protocol = ProxyProtocolOut::off;
  std::shared_ptr<const ClusterTls> tls;  ///< null: plaintext
};
bool operator==(const Cluster& a, const Cluster& b);

}  // namespace gatehouse::ir
