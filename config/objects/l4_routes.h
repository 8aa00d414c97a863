// SPDX-License-Identifier: Apache-2.0
// TLSRoute, TCPRoute and UDPRoute (gateway.networking.k8s.io/v1 and the older versions of the experimental
// channel) as users write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/objects/metadata.h"
#include "config/objects/references.h"

namespace gatehouse::objects {

struct L4BackendRef : BackendObjectReference {
  std::int32_t weight = 1;
  bool operator==(const L4BackendRef&) const = default;
};

struct L4RouteRule {
  std::optional<std::string> name;
  std::vector<L4BackendRef> backend_refs;  ///< never empty
  bool operator==(const L4RouteRule&) const = default;
};

struct TlsRoute {
  static constexpr const char* kKind = "TLSRoute";
  ObjectMeta meta;
  std::vector<ParentReference> parent_refs;
  std::vector<std::string> hostnames;  ///< of the server names; v1alpha2 may have none: every name
  std::vector<L4RouteRule> rules;      ///< exactly one; v1alpha2 may have more, of which the first counts
  std::string use_default_gateways;    ///< as of HttpRoute
  bool operator==(const TlsRoute&) const = default;
};

struct TcpRoute {
  static constexpr const char* kKind = "TCPRoute";
  ObjectMeta meta;
  std::vector<ParentReference> parent_refs;
  std::vector<L4RouteRule> rules;  ///< as of TlsRoute
  std::string use_default_gateways;
  bool operator==(const TcpRoute&) const = default;
};

struct UdpRoute {
  static constexpr const char* kKind = "UDPRoute";
  ObjectMeta meta;
  std::vector<ParentReference> parent_refs;
  std::vector<L4RouteRule> rules;  ///< as of TlsRoute
  std::string use_default_gateways;
  bool operator==(const UdpRoute&) const = default;
};

}  // namespace gatehouse::objects
