// SPDX-License-Identifier: Apache-2.0
// A group of endpoints that serve the same thing.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace gatehouse::ir {

/// One address. `host` is an IP literal, or a DNS name (externalName) that is resolved off the request path.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
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

struct Cluster {
  std::string key;                  ///< "Service/namespace/name/port": stable over changes, metric label
  std::vector<Endpoint> endpoints;  ///< ready ones, sorted, without duplicates
  PoolLimits pool;
  bool operator==(const Cluster&) const = default;
};

}  // namespace gatehouse::ir
