// SPDX-License-Identifier: Apache-2.0
// What the proxy understands of an HTTP route: plain values with ==, no Kubernetes types.
// The IR keeps the user's cardinality: one HTTPRoute is one HttpRoute, one of its rules one RouteRule.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/ir/filters.h"
#include "config/ir/policy.h"

namespace gatehouse::ir {

enum class PathMatchKind : std::uint8_t { exact, prefix, regex };

/// `value` is normalised (http-rules U5) for exact and prefix, a RE2 pattern for regex (anchored at both
/// ends).
struct PathMatch {
  PathMatchKind kind = PathMatchKind::prefix;
  std::string value = "/";
  std::uint32_t rank = 0;  ///< regex: the greater goes first; 0: the pattern's length
  bool operator==(const PathMatch&) const = default;
};

enum class ValueMatchKind : std::uint8_t { exact, regex };

/// One header or query parameter condition. Header names are lower case; query names are case-sensitive.
struct ValueMatch {
  std::string name;
  ValueMatchKind kind = ValueMatchKind::exact;
  std::string value;
  bool operator==(const ValueMatch&) const = default;
};

/// All conditions must hold. An empty method means any.
struct RouteMatch {
  PathMatch path;
  std::string method;
  std::vector<ValueMatch> headers;
  std::vector<ValueMatch> query;
  bool operator==(const RouteMatch&) const = default;
};

/// GEP-1742. Zero switches a timeout off.
struct RouteTimeouts {
  std::chrono::milliseconds request{0};          ///< whole exchange, from the request head on
  std::chrono::milliseconds backend_request{0};  ///< one try
  std::chrono::milliseconds max_stream{0};       ///< an upgraded connection or event stream
  bool operator==(const RouteTimeouts&) const = default;
};

/// One backendRef. `error_status` 0 means usable; 500 stands for an invalid reference, which keeps its share
/// of the requests (http-rules B9).
struct WeightedBackend {
  std::string cluster;  ///< Cluster::key; empty when error_status is set
  std::uint32_t weight = 1;
  std::uint16_t error_status = 0;
  Filters filters;                 ///< only what Gateway API allows on a backendRef
  SessionPersistence persistence;  ///< of the backend (policies, XBackend), where the rule has none
  bool operator==(const WeightedBackend&) const = default;
};

struct RouteRule {
  std::string name;  ///< spec.rules[].name, or empty
  std::vector<RouteMatch> matches;
  Filters filters;
  RouteTimeouts timeouts;
  RouteRetry retry;
  SessionPersistence persistence;
  std::vector<WeightedBackend> backends;  ///< empty: 500
  bool operator==(const RouteRule&) const = default;
};

/// Where a route stands when all match criteria tie: older first, unknown age ties, then namespace/name.
struct RouteAge {
  std::int64_t created = 0;  ///< Unix seconds; 0 = not known
  std::string name;          ///< "namespace/name"
  bool operator==(const RouteAge&) const = default;
};

struct HttpRoute {
  std::string key;  ///< "HTTPRoute/namespace/name" or "GRPCRoute/...": metric label and log field
  RouteAge age;
  /// A GRPCRoute: its methods are paths ("/package.Service/Method"), and failures are answered as gRPC
  /// statuses.
  bool grpc = false;
  std::vector<RouteRule> rules;
  /// Of each rule in its object, where some rules of it could not be served; else empty.
  std::vector<std::uint32_t> positions;

  /// By which number people know `rules[rule]`.
  std::size_t position_of(std::size_t rule) const { return positions.empty() ? rule : positions[rule]; }
  bool operator==(const HttpRoute&) const = default;
};

}  // namespace gatehouse::ir
