// SPDX-License-Identifier: Apache-2.0
// GRPCRoute (gateway.networking.k8s.io/v1) as users write it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/objects/http_route.h"

namespace gatehouse::objects {

/// An absent member matches everything; at least one of the two is there.
struct GrpcMethodMatch {
  std::string type = "Exact";  ///< Exact, RegularExpression
  std::optional<std::string> service;
  std::optional<std::string> method;
  bool operator==(const GrpcMethodMatch&) const = default;
};

struct GrpcRouteMatch {
  std::optional<GrpcMethodMatch> method;
  std::vector<HttpValueMatch> headers;
  bool operator==(const GrpcRouteMatch&) const = default;
};

struct GrpcRouteRule {
  std::optional<std::string> name;
  std::vector<GrpcRouteMatch> matches;  ///< none: every request
  std::vector<HttpRouteFilter> filters;
  std::vector<HttpBackendRef> backend_refs;
  std::optional<SessionPersistence> session_persistence;
  bool operator==(const GrpcRouteRule&) const = default;
};

struct GrpcRoute {
  static constexpr const char* kKind = "GRPCRoute";
  ObjectMeta meta;
  std::vector<ParentReference> parent_refs;
  std::vector<std::string> hostnames;
  std::vector<GrpcRouteRule> rules;
  std::string use_default_gateways;  ///< as of HttpRoute
  bool operator==(const GrpcRoute&) const = default;
};

}  // namespace gatehouse::objects
