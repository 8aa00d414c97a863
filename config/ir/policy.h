// SPDX-License-Identifier: Apache-2.0
// How requests are spread over endpoints, tried again, kept on one endpoint and held back.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace gatehouse::ir {

using std::chrono::milliseconds;

/// GEP-1731 as of Gateway API v1.7: tries beyond the first. Without a listed code only what was not processed
/// is tried again (connect failures, refused streams).
struct RouteRetry {
  std::uint32_t attempts = 0;        ///< 0: only the free re-pick after a connect failure
  std::vector<std::uint16_t> codes;  ///< sorted
  milliseconds backoff{25};          ///< base; doubles with each try, with jitter
  bool on_reset = false;             ///< also when the connection broke after the request was sent
  bool operator==(const RouteRetry&) const = default;
};

/// GEP-1619: keeps a client on the endpoint that answered it first.
struct SessionPersistence {
  enum class Kind : std::uint8_t { none, cookie, header };
  Kind kind = Kind::none;
  std::string name;
  std::string path = "/";            ///< of the cookie
  bool permanent = false;            ///< the cookie has a Max-Age
  milliseconds absolute_timeout{0};  ///< 0: none
  milliseconds idle_timeout{0};      ///< 0: none
  bool operator==(const SessionPersistence&) const = default;
};

/// One input of a consistent hash; the first that the request carries counts.
struct HashSource {
  enum class Kind : std::uint8_t { header, cookie, query, source_ip };
  Kind kind = Kind::source_ip;
  std::string name;  ///< header: lower case
  bool operator==(const HashSource&) const = default;
};

struct LoadBalancer {
  enum class Kind : std::uint8_t { round_robin, least_request, random, ring_hash, maglev };
  Kind kind = Kind::round_robin;
  std::vector<HashSource> hash;  ///< ring_hash and maglev; a request without any of them is spread at random
  milliseconds slow_start{0};    ///< a new or revived endpoint reaches its full share after this
  bool operator==(const LoadBalancer&) const = default;
};

struct ActiveHealthCheck {
  enum class Kind : std::uint8_t { none, http, tcp, grpc };
  struct StatusRange {
    std::uint16_t first = 200;
    std::uint16_t last = 299;
    bool operator==(const StatusRange&) const = default;
  };
  Kind kind = Kind::none;
  std::string path = "/";
  std::string host;  ///< Host field; empty: the endpoint's address. grpc: the service name
  std::vector<StatusRange> expected{{200, 299}};
  milliseconds interval{5'000};
  milliseconds timeout{1'000};
  std::uint32_t healthy_threshold = 1;
  std::uint32_t unhealthy_threshold = 3;
  bool operator==(const ActiveHealthCheck&) const = default;
};

/// Ejection by what requests meet. Counts of consecutive failures; 0 switches one off. The last usable
/// endpoint is never ejected, and no more than the given part of them, but for those that cannot be connected
/// to: a request may be to blame for a failure, never for a refused connection (B11).
struct PassiveHealth {
  std::uint32_t consecutive_5xx = 0;
  std::uint32_t consecutive_gateway_errors = 0;  ///< 502, 503, 504
  std::uint32_t consecutive_local_failures = 3;  ///< refused, reset, timeout
  milliseconds base_ejection{1'000};             ///< doubles with each ejection in a row
  milliseconds max_ejection{60'000};
  std::uint32_t max_ejected_percent = 50;  ///< 0: none at all
  bool operator==(const PassiveHealth&) const = default;
};

/// Per cluster and process; 0 = unlimited. Each worker has its share. Over a limit: 503, nothing is sent.
struct CircuitBreaker {
  std::uint32_t max_connections = 0;
  std::uint32_t max_pending_requests = 0;  ///< requests waiting for a connection
  std::uint32_t max_requests = 0;          ///< in flight
  std::uint32_t max_retries = 0;           ///< in flight
  bool operator==(const CircuitBreaker&) const = default;
};

/// GEP-3388: retries in `interval` may be `percent` of the requests in it, and always `min_count` per
/// `min_interval`. On without a policy, so that no outage is multiplied; the free retries then
/// are plenty for a small installation.
struct RetryBudget {
  bool enabled = true;
  std::uint32_t percent = 20;
  milliseconds interval{10'000};
  std::uint32_t min_count = 100;
  milliseconds min_interval{1'000};
  bool operator==(const RetryBudget&) const = default;
};

/// How names of endpoints are looked up, off the request path.
struct DnsRefresh {
  milliseconds refresh{30'000};  ///< at least this often; also the pause when a lookup failed
  bool respect_ttl = true;       ///< sooner when the records live shorter (never under 1 s)
  bool operator==(const DnsRefresh&) const = default;
};

}  // namespace gatehouse::ir
