// SPDX-License-Identifier: Apache-2.0
// HTTPRoute (gateway.networking.k8s.io/v1) as users write it. Defaults of the CRD are filled in by decode.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/objects/http_filters.h"
#include "config/objects/metadata.h"
#include "config/objects/references.h"
#include "config/objects/session_persistence.h"

namespace gatehouse::objects {

struct HttpPathMatch {
  std::string type = "PathPrefix";  ///< Exact, PathPrefix, RegularExpression
  std::string value = "/";
  std::uint32_t rank = 0;  ///< never read from YAML: see ir::PathMatch
  bool operator==(const HttpPathMatch&) const = default;
};

/// headers[] and queryParams[] entries; type is Exact or RegularExpression.
struct HttpValueMatch {
  std::string type = "Exact";
  std::string name;
  std::string value;
  bool operator==(const HttpValueMatch&) const = default;
};

struct HttpRouteMatch {
  HttpPathMatch path;
  std::vector<HttpValueMatch> headers;
  std::vector<HttpValueMatch> query_params;
  std::optional<std::string> method;
  bool operator==(const HttpRouteMatch&) const = default;
};

struct HttpBackendRef : BackendObjectReference {
  std::int32_t weight = 1;
  std::vector<HttpRouteFilter> filters;
  bool operator==(const HttpBackendRef&) const = default;
};

/// GEP-2257 durations, already parsed. Zero switches the timeout off.
struct HttpRouteTimeouts {
  std::optional<std::chrono::milliseconds> request;
  std::optional<std::chrono::milliseconds> backend_request;
  bool operator==(const HttpRouteTimeouts&) const = default;
};

/// GEP-1731 as of v1.7.0. Attempts are beyond the first try.
struct HttpRouteRetry {
  std::vector<std::int32_t> codes;
  std::int32_t attempts = 1;
  std::optional<std::chrono::milliseconds> backoff;
  bool operator==(const HttpRouteRetry&) const = default;
};

struct HttpRouteRule {
  std::optional<std::string> name;
  std::vector<HttpRouteMatch> matches;  ///< decode fills in the default: one PathPrefix "/"
  std::vector<HttpRouteFilter> filters;
  std::vector<HttpBackendRef> backend_refs;
  HttpRouteTimeouts timeouts;
  std::optional<HttpRouteRetry> retry;
  std::optional<SessionPersistence> session_persistence;
  bool operator==(const HttpRouteRule&) const = default;
};

struct HttpRoute {
  static constexpr const char* kKind = "HTTPRoute";
  ObjectMeta meta;
  std::vector<ParentReference> parent_refs;
  std::vector<std::string> hostnames;
  std::vector<HttpRouteRule> rules;
  std::string use_default_gateways;  ///< "" and None: no; All: as if every default Gateway were a parent
  bool operator==(const HttpRoute&) const = default;
};

}  // namespace gatehouse::objects
