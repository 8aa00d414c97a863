// SPDX-License-Identifier: Apache-2.0
// What the proxy understands of an HTTP route: plain values with ==, no Kubernetes types.
// The IR keeps the user's cardinality: one HTTPRoute is one HttpRoute, one of its rules one RouteRule.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gatehouse::ir {

enum class PathMatchKind : std::uint8_t { exact, prefix, regex };

/// `value` is normalised (http-rules U5) for exact and prefix, a RE2 pattern for regex (anchored at both
/// ends).
struct PathMatch {
  PathMatchKind kind = PathMatchKind::prefix;
  std::string value = "/";
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

struct HeaderValue {
  std::string name;
  std::string value;
  bool operator==(const HeaderValue&) const = default;
};

/// Gateway API HTTPHeaderFilter: set replaces, add appends to a present value ("old,new"), remove drops.
struct HeaderModifier {
  std::vector<HeaderValue> set;
  std::vector<HeaderValue> add;
  std::vector<std::string> remove;
  bool empty() const { return set.empty() && add.empty() && remove.empty(); }
  bool operator==(const HeaderModifier&) const = default;
};

/// GEP-1742. Zero switches a timeout off.
struct RouteTimeouts {
  std::chrono::milliseconds request{0};          ///< whole exchange, from the request head on
  std::chrono::milliseconds backend_request{0};  ///< one try
  bool operator==(const RouteTimeouts&) const = default;
};

/// One backendRef. `error_status` 0 means usable; 500 stands for an invalid reference, which keeps its share
/// of the requests (http-rules B9).
struct WeightedBackend {
  std::string cluster;  ///< Cluster::key; empty when error_status is set
  std::uint32_t weight = 1;
  std::uint16_t error_status = 0;
  HeaderModifier request_headers;
  HeaderModifier response_headers;
  bool operator==(const WeightedBackend&) const = default;
};

struct RouteRule {
  std::string name;  ///< spec.rules[].name, or empty
  std::vector<RouteMatch> matches;
  HeaderModifier request_headers;
  HeaderModifier response_headers;
  RouteTimeouts timeouts;
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
  std::string key;  ///< "HTTPRoute/namespace/name": metric label and log field
  RouteAge age;
  std::vector<RouteRule> rules;
  bool operator==(const HttpRoute&) const = default;
};

}  // namespace gatehouse::ir
