// SPDX-License-Identifier: Apache-2.0
// Routes below HTTP: TLSRoute, TCPRoute and UDPRoute are one weighted choice among clusters.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/ir/route.h"

namespace gatehouse::ir {

/// A connection (TCP, TLS) or a session (UDP) goes to one backend for all its life. A backend with an
/// error_status keeps its share: its connections are closed, its datagrams dropped.
struct L4Route {
  std::string key;  ///< "TCPRoute/namespace/name": metric label and log field
  RouteAge age;
  std::vector<WeightedBackend> backends;  ///< cluster, weight and error_status only; empty: all are refused
  bool operator==(const L4Route&) const = default;
};

/// An L4 route on a listener. `hostnames` are those of a TLSRoute's SNI names that the listener serves
/// (lower case, sorted, "*.example.com" for a wildcard, empty: every name); always empty for TCP and UDP.
struct L4Attachment {
  std::shared_ptr<const L4Route> route;
  std::vector<std::string> hostnames;
};
bool operator==(const L4Attachment& a, const L4Attachment& b);

}  // namespace gatehouse::ir
