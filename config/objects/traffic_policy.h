// SPDX-License-Identifier: Apache-2.0
// BackendTrafficPolicy (gatehouse.dev/v1alpha1) and XBackendTrafficPolicy
// (gateway.networking.x-k8s.io/v1alpha1). Every field is optional: what is absent is inherited, field by
// field.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/objects/metadata.h"
#include "config/objects/references.h"
#include "config/objects/session_persistence.h"

namespace gatehouse::objects {

/// retryConstraint (GEP-3388): budget{percent, interval}, minRetryRate{count, interval}.
struct RetryConstraint {
  std::optional<std::int32_t> budget_percent;
  std::optional<std::chrono::milliseconds> budget_interval;
  std::optional<std::int32_t> min_count;
  std::optional<std::chrono::milliseconds> min_interval;
  bool operator==(const RetryConstraint&) const = default;
};

struct TrafficRetry {
  std::optional<std::int32_t> attempts;
  std::optional<std::vector<std::int32_t>> codes;
  std::optional<std::chrono::milliseconds> backoff;
  std::optional<std::vector<std::string>> on;  ///< Reset: also when the connection broke after sending
  bool operator==(const TrafficRetry&) const = default;
};

/// Zero switches a timeout off.
struct TrafficTimeouts {
  std::optional<std::chrono::milliseconds> connect;
  std::optional<std::chrono::milliseconds> request;
  std::optional<std::chrono::milliseconds> backend_request;
  std::optional<std::chrono::milliseconds> idle;        ///< between two bytes of a response
  std::optional<std::chrono::milliseconds> max_stream;  ///< of an upgraded connection or event stream
  bool operator==(const TrafficTimeouts&) const = default;
};

/// Exactly one of the fields of hash[]: header, cookie, query, or sourceIP: true.
struct TrafficHashSource {
  std::string type;  ///< header, cookie, query, sourceIP
  std::string name;  ///< empty for sourceIP
  bool operator==(const TrafficHashSource&) const = default;
};

struct TrafficLoadBalancer {
  std::optional<std::string> type;  ///< RoundRobin, LeastRequest, Random, ConsistentHash, Maglev
  std::optional<std::vector<TrafficHashSource>> hash;
  std::optional<std::chrono::milliseconds> slow_start_window;  ///< slowStart.window
  std::optional<bool> zone_aware;
  bool operator==(const TrafficLoadBalancer&) const = default;
};

struct HealthStatusRange {
  std::int32_t first = 200;
  std::int32_t last = 200;
  bool operator==(const HealthStatusRange&) const = default;
};

/// healthCheck.active. `type` is the one of http, tcp and grpc that is written.
struct TrafficActiveHealth {
  std::optional<std::string> type;
  std::optional<std::string> http_path;
  std::optional<std::string> http_host;
  std::optional<std::vector<HealthStatusRange>> http_expected_statuses;
  std::optional<std::string> grpc_service;
  std::optional<std::chrono::milliseconds> interval;
  std::optional<std::chrono::milliseconds> timeout;
  std::optional<std::int32_t> healthy_threshold;
  std::optional<std::int32_t> unhealthy_threshold;
  bool operator==(const TrafficActiveHealth&) const = default;
};

/// healthCheck.passive. A count of zero switches that cause off.
struct TrafficPassiveHealth {
  std::optional<std::int32_t> consecutive_5xx;
  std::optional<std::int32_t> consecutive_gateway_errors;
  std::optional<std::int32_t> consecutive_local_origin_failures;
  std::optional<std::chrono::milliseconds> base_ejection_time;
  std::optional<std::chrono::milliseconds> max_ejection_time;
  std::optional<std::int32_t> max_ejection_percent;
  bool operator==(const TrafficPassiveHealth&) const = default;
};

struct TrafficHealthCheck {
  std::optional<TrafficActiveHealth> active;
  std::optional<TrafficPassiveHealth> passive;
  bool operator==(const TrafficHealthCheck&) const = default;
};

/// Zero means no limit.
struct TrafficCircuitBreaker {
  std::optional<std::int32_t> max_connections;
  std::optional<std::int32_t> max_pending_requests;
  std::optional<std::int32_t> max_parallel_requests;
  std::optional<std::int32_t> max_parallel_retries;
  bool operator==(const TrafficCircuitBreaker&) const = default;
};

struct TrafficPool {
  std::optional<std::int32_t> max_idle;
  std::optional<std::chrono::milliseconds> idle_timeout;
  std::optional<std::int32_t> max_requests_per_connection;  ///< 0: no limit
  bool operator==(const TrafficPool&) const = default;
};

struct TrafficDns {
  std::optional<std::chrono::milliseconds> refresh;
  std::optional<bool> respect_ttl;
  bool operator==(const TrafficDns&) const = default;
};

struct TrafficProxyProtocol {
  std::optional<std::string> version;  ///< V1, V2
  bool operator==(const TrafficProxyProtocol&) const = default;
};

/// The blocks that spec and spec.overrides have alike. sessionPersistence is a union and inherited whole.
struct TrafficSettings {
  std::optional<RetryConstraint> retry_constraint;
  std::optional<SessionPersistence> session_persistence;
  std::optional<TrafficRetry> retry;
  std::optional<TrafficTimeouts> timeouts;
  std::optional<TrafficLoadBalancer> load_balancer;
  std::optional<TrafficHealthCheck> health_check;
  std::optional<TrafficCircuitBreaker> circuit_breaker;
  std::optional<TrafficPool> pool;
  std::optional<TrafficDns> dns;
  std::optional<TrafficProxyProtocol> proxy_protocol;
  bool operator==(const TrafficSettings&) const = default;
};

struct BackendTrafficPolicy {
  static constexpr const char* kKind = "BackendTrafficPolicy";
  ObjectMeta meta;
  std::vector<PolicyTargetReference> target_refs;
  TrafficSettings settings;   ///< more specific policies win over these
  TrafficSettings overrides;  ///< spec.overrides: these win over more specific policies; only with Gateways
  bool operator==(const BackendTrafficPolicy&) const = default;
};

/// Upstream's own kind: targets backends only. decode fills in its CRD's defaults.
struct XBackendTrafficPolicy {
  static constexpr const char* kKind = "XBackendTrafficPolicy";
  ObjectMeta meta;
  std::vector<PolicyTargetReference> target_refs;  ///< without section_name
  std::optional<RetryConstraint> retry_constraint;
  std::optional<SessionPersistence> session_persistence;
  bool operator==(const XBackendTrafficPolicy&) const = default;
};

}  // namespace gatehouse::objects
