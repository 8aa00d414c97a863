// SPDX-License-Identifier: Apache-2.0
// What a route rule, a backend or a listener does to requests and responses besides forwarding them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::ir {

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

/// Gateway API HTTPPathModifier. `prefix` replaces what the rule's PathPrefix match matched.
struct PathRewrite {
  enum class Kind : std::uint8_t { none, full, prefix };
  Kind kind = Kind::none;
  std::string value;
  bool operator==(const PathRewrite&) const = default;
};

/// RequestRedirect. Empty and zero parts are the request's own; a port of zero is the well-known one of
/// `scheme` if that is set, else the listener's advertised port.
struct Redirect {
  std::string scheme;
  std::string host;
  std::uint16_t port = 0;
  PathRewrite path;
  std::uint16_t status = 302;
  bool operator==(const Redirect&) const = default;
};

struct UrlRewrite {
  std::string host;  ///< empty: unchanged
  PathRewrite path;
  bool operator==(const UrlRewrite&) const = default;
};

/// A copy of `numerator` in `denominator` requests goes to `cluster`; its answer is dropped.
struct Mirror {
  std::string cluster;
  std::uint32_t numerator = 100;
  std::uint32_t denominator = 100;
  bool operator==(const Mirror&) const = default;
};

/// HTTPCORSFilter (GEP-1767). Lists as written; "*" stands for any.
struct Cors {
  std::vector<std::string> origins;  ///< "https://a.example", "https://*.example" or "*"
  std::vector<std::string> methods;
  std::vector<std::string> headers;
  std::vector<std::string> expose;
  bool credentials = false;
  std::chrono::seconds max_age{5};
  bool operator==(const Cors&) const = default;
};

/// ExternalAuth (GEP-1494): asks `cluster` before the request goes on; anything but 200 is the answer.
struct ExternalAuth {
  enum class Protocol : std::uint8_t { http, grpc };
  Protocol protocol = Protocol::http;
  std::string cluster;  ///< empty: the reference is invalid, every request is refused with 500
  std::string path;     ///< http: put before the request's path
  std::vector<std::string> allowed_headers;  ///< lower case; of the request, besides the ones always sent
  std::vector<std::string>
      response_headers;              ///< lower case; of the answer, copied to the request; empty: all
  std::uint32_t max_body_bytes = 0;  ///< 0: the body is not sent
  std::chrono::milliseconds timeout{10'000};
  bool operator==(const ExternalAuth&) const = default;
};

/// Everything filters[] can say, in the fixed order in which it is applied: redirect ends the request; then
/// CORS preflights, external authorization, mirrors of the request as it came, rewrite, header edits.
struct Filters {
  std::optional<Redirect> redirect;
  std::shared_ptr<const Cors> cors;
  std::vector<std::shared_ptr<const ExternalAuth>> external_auth;
  std::vector<Mirror> mirrors;
  std::optional<UrlRewrite> rewrite;
  HeaderModifier request_headers;
  HeaderModifier response_headers;
};
/// By value, also of what is pointed to.
bool operator==(const Filters& a, const Filters& b);

}  // namespace gatehouse::ir
