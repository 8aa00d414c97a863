// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls_destination.h"

namespace gatehouse::proxy {

TlsDestination find_tls_destination(const SocketRuntime& socket, std::string_view server_name) {
  using Kind = TlsDestination::Kind;
  const ListenerRuntime* listener = socket.find_tls(server_name);
  if (!listener || !listener->config->tls) return {};
  const bool passes = listener->config->tls->mode == ir::ListenerTls::Mode::passthrough;
  const Kind kind = passes ? Kind::passthrough : Kind::terminate;
  if (listener->config->protocol == ir::ListenerProtocol::https) return {kind, listener, nullptr};
  const L4RouteRuntime* route = listener->l4.find(server_name);
  if (!route) return {};
  return {kind, listener, route};
}

}  // namespace gatehouse::proxy
