// SPDX-License-Identifier: Apache-2.0
// Routes of other kinds in the form of an HTTPRoute, so that parents, references and statuses are dealt with
// once.
#pragma once

#include <cstdint>
#include <memory>
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

using RoutePointer = std::shared_ptr<const objects::HttpRoute>;

/// Methods become paths. What names a service alone is a prefix; beside patterns it is one too, so that the
/// length of the service's name decides among them, as the API has it.
RoutePointer to_http_form(const objects::GrpcRoute& route);
/// One rule without matches, with the backends of the first rule.
RoutePointer to_http_form(const objects::TlsRoute& route);
RoutePointer to_http_form(const objects::TcpRoute& route);
RoutePointer to_http_form(const objects::UdpRoute& route);

}  // namespace gatehouse::translate
