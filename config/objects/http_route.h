// SPDX-License-Identifier: Apache-2.0
// HTTPRoute (gateway.networking.k8s.io/v1) as users write it. Defaults of the CRD are filled in by decode.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/objects/metadata.h"

namespace gatehouse::objects {

struct ParentReference {
  std::string group = "gateway.networking.k8s.io";
  std::string kind = "Gateway";
  std::optional<std::string> ns;
  std::string name;
  std::optional<std::string> section_name;
  std::optional<std::int32_t> port;
  bool operator==(const ParentReference&) const = default;
};

struct HttpPathMatch {
  std::string type = "PathPrefix";  ///< Exact, PathPrefix, RegularExpression
  std::string value = "/";
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

struct HttpHeader {
  std::string name;
  std::string value;
  bool operator==(const HttpHeader&) const = default;
};

struct HttpHeaderFilter {
  std::vector<HttpHeader> set;
  std::vector<HttpHeader> add;
  std::vector<std::string> remove;
  bool operator==(const HttpHeaderFilter&) const = default;
};

/// One filter; `type` names the member that is set. A type this build does not know keeps its name,
/// so that translate can say so in the route's status.
struct HttpRouteFilter {
  std::string type;
  std::optional<HttpHeaderFilter> request_header_modifier;
  std::optional<HttpHeaderFilter> response_header_modifier;
  bool operator==(const HttpRouteFilter&) const = default;
};

struct HttpBackendRef {
  std::string group;  ///< "" = core
  std::string kind = "Service";
  std::optional<std::string> ns;
  std::string name;
  std::optional<std::int32_t> port;
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

struct HttpRouteRule {
  std::optional<std::string> name;
  std::vector<HttpRouteMatch> matches;  ///< decode fills in the default: one PathPrefix "/"
  std::vector<HttpRouteFilter> filters;
  std::vector<HttpBackendRef> backend_refs;
  HttpRouteTimeouts timeouts;
  bool operator==(const HttpRouteRule&) const = default;
};

struct HttpRoute {
  static constexpr const char* kKind = "HTTPRoute";
  ObjectMeta meta;
  std::vector<ParentReference> parent_refs;
  std::vector<std::string> hostnames;
  std::vector<HttpRouteRule> rules;
  bool operator==(const HttpRoute&) const = default;
};

}  // namespace gatehouse::objects
