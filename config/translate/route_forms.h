// SPDX-License-Identifier: Apache-2.0
// Routes of other kinds in the form of an HTTPRoute, so that parents, references and statuses are dealt with
// once.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "config/objects/snapshot.h"

namespace gatehouse::translate {

enum class RouteKind : std::uint8_t { http, grpc, tls, tcp, udp };

/// As in kind: lines.
std::string_view name_of(RouteKind kind);
/// Below HTTP: a choice among backends for a whole connection.
inline bool is_l4(RouteKind kind) {
  return kind != RouteKind::http && kind != RouteKind::grpc;
}

struct RouteName {
  RouteKind kind = RouteKind::http;
  std::string full_name;  ///< "namespace/name"

  /// "HTTPRoute namespace/name": how messages name it.
  std::string title() const;
  /// Unique among all routes: of an HTTPRoute "namespace/name", of others title().
  std::string key() const { return kind == RouteKind::http ? full_name : title(); }
  auto operator<=>(const RouteName&) const = default;
};
using RouteNames = std::set<RouteName>;

using RoutePointer = std::shared_ptr<const objects::HttpRoute>;

/// Methods become paths. What names a service alone is a prefix; beside patterns it is one too, so that the
/// length of the service's name decides among them, as the API has it.
RoutePointer to_http_form(const objects::GrpcRoute& route);
/// One rule without matches, with the backends of the first rule.
RoutePointer to_http_form(const objects::TlsRoute& route);
RoutePointer to_http_form(const objects::TcpRoute& route);
RoutePointer to_http_form(const objects::UdpRoute& route);

}  // namespace gatehouse::translate
