// SPDX-License-Identifier: Apache-2.0
// A downstream connection that is not HTTP: a tunnel to a backend of a TCPRoute or TLSRoute.
#pragma once

#include "base/io/socket.h"
#include "base/ref.h"
#include "proxy/downstream/accepted.h"
#include "proxy/downstream/downstream_connection.h"
#include "proxy/l4/l4_exchange.h"
#include "proxy/worker_context.h"

namespace gatehouse::proxy {

class Acceptor;

/// Owns itself: made by the acceptor or by the step that looked at the ClientHello, ends with either side.
/// Drain and changes of the configuration leave it alone. Thread: its worker.
class TcpConnection final : public DownstreamConnection {
 public:
  /// Takes over what was accepted: plain TCP, TLS that is passed through (its ClientHello unread), or with
  /// TLS done. Without a `route` the connection is reset.
  static void start(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted accepted,
                    const ListenerRuntime& listener, const L4RouteRuntime* route);

  void close_when_idle() override {}
  void abort() override { exchange_.abort(); }

 private:
  TcpConnection(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted& accepted,
                const ListenerRuntime& listener, const L4RouteRuntime& route);
  ~TcpConnection();

  Task<> serve();

  Ref<Acceptor> acceptor_;
  io::Socket socket_;
  L4Exchange exchange_;
};

}  // namespace gatehouse::proxy
