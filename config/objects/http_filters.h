// SPDX-License-Identifier: Apache-2.0
// filters[] of HTTPRoute rules, of backendRefs and of listeners as users write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/objects/references.h"

namespace gatehouse::objects {

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

/// `type` names the member that is set.
struct HttpPathModifier {
  std::string type;  ///< ReplaceFullPath, ReplacePrefixMatch
  std::optional<std::string> replace_full_path;
  std::optional<std::string> replace_prefix_match;  ///< only beside exactly one PathPrefix match
  bool operator==(const HttpPathModifier&) const = default;
};

struct HttpRequestRedirect {
  std::optional<std::string> scheme;  ///< http, https
  std::optional<std::string> hostname;
  std::optional<HttpPathModifier> path;
  std::optional<std::int32_t> port;
  std::int32_t status_code = 302;  ///< 301, 302, 303, 307, 308
  bool operator==(const HttpRequestRedirect&) const = default;
};

struct HttpUrlRewrite {
  std::optional<std::string> hostname;
  std::optional<HttpPathModifier> path;
  bool operator==(const HttpUrlRewrite&) const = default;
};

struct Fraction {
  std::int32_t numerator = 0;  ///< at most the denominator
  std::int32_t denominator = 100;
  bool operator==(const Fraction&) const = default;
};

/// Neither percent nor fraction: every request.
struct HttpRequestMirror {
  BackendObjectReference backend_ref;
  std::optional<std::int32_t> percent;
  std::optional<Fraction> fraction;
  bool operator==(const HttpRequestMirror&) const = default;
};

struct HttpCors {
  std::vector<std::string> allow_origins;
  std::optional<bool> allow_credentials;
  std::vector<std::string> allow_methods;
  std::vector<std::string> allow_headers;
  std::vector<std::string> expose_headers;
  std::int32_t max_age = 5;  ///< seconds
  bool operator==(const HttpCors&) const = default;
};

/// `protocol` names what is asked: http_* belong to HTTP, grpc_* to GRPC.
struct HttpExternalAuth {
  std::string protocol;  ///< HTTP, GRPC
  BackendObjectReference backend_ref;
  std::vector<std::string> grpc_allowed_headers;
  std::string http_path;
  std::vector<std::string> http_allowed_headers;
  std::vector<std::string> http_allowed_response_headers;
  std::optional<std::int32_t> forward_body_max_size;  ///< absent or 0: the body is not sent
  bool operator==(const HttpExternalAuth&) const = default;
};

/// One filter; `type` names the member that is set.
struct HttpRouteFilter {
  std::string type;
  std::optional<HttpHeaderFilter> request_header_modifier;
  std::optional<HttpHeaderFilter> response_header_modifier;
  std::optional<HttpRequestMirror> request_mirror;
  std::optional<HttpRequestRedirect> request_redirect;
  std::optional<HttpUrlRewrite> url_rewrite;
  std::optional<HttpCors> cors;
  std::optional<HttpExternalAuth> external_auth;
  std::optional<LocalObjectReference> extension_ref;
  bool operator==(const HttpRouteFilter&) const = default;
};

/// listeners[].filters.requests[] (GEP-5224).
struct ListenerFilter {
  std::string type;  ///< ExternalAuth, ExtensionRef
  std::optional<HttpExternalAuth> external_auth;
  std::optional<LocalObjectReference> extension_ref;
  bool operator==(const ListenerFilter&) const = default;
};

}  // namespace gatehouse::objects
