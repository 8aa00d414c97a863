// SPDX-License-Identifier: Apache-2.0
// A connection whose first byte of HTTP is still to come: what the steps before it have found out.
#pragma once

#include <memory>
#include <string>

#include "base/io/transport_layer.h"
#include "base/ip.h"

namespace gatehouse::proxy {

/// Handed from one step to the next, each of which owns the descriptor while it works: accept, PROXY
/// protocol, TLS, HTTP/1 or HTTP/2.
struct Accepted {
  int fd = -1;
  std::unique_ptr<io::TransportLayer> transport;  ///< null: plaintext
  SocketAddress peer;    ///< the other end of the socket: connection limits count by it
  SocketAddress client;  ///< the peer, or who it speaks for (PROXY protocol)
  std::string sni;       ///< lower case; empty without TLS, or when the client named nobody
  /// Who had the descriptor before and is about to end: its place in the acceptor's list and among the
  /// counted connections is taken over. Null: fresh from accept.
  class DownstreamConnection* predecessor = nullptr;
};

}  // namespace gatehouse::proxy
