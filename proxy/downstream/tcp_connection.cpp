// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/tcp_connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include "proxy/downstream/acceptor.h"

namespace gatehouse::proxy {
namespace {

/// RST: nobody takes this for an answer.
void refuse(WorkerContext& worker, Accepted& accepted) {
  io::Socket socket(worker.loop);
  if (!socket.open(accepted.fd)) return;
  if (accepted.transport) socket.set_transport(std::move(accepted.transport));
  socket.reset_on_close();
}

L4Client::Encryption encryption_of(const ir::Listener& listener) {
  const bool passes = listener.tls && listener.tls->mode == ir::ListenerTls::Mode::passthrough;
  return passes ? L4Client::Encryption::theirs : L4Client::Encryption::ours;
}

}  // namespace

void TcpConnection::start(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted accepted,
                          const ListenerRuntime& listener, const L4RouteRuntime* route) {
  if (!route) return refuse(worker, accepted);
  auto* connection = new TcpConnection(worker, std::move(acceptor), accepted, listener, *route);
  if (!connection->socket_.open(accepted.fd)) {
    delete connection;
    return;
  }
  if (accepted.transport) connection->socket_.set_transport(std::move(accepted.transport));
  io::spawn(connection->serve());
}

TcpConnection::TcpConnection(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted& accepted,
                             const ListenerRuntime& listener, const L4RouteRuntime& route)
    : DownstreamConnection(accepted.peer.ip),
      acceptor_(std::move(acceptor)),
      socket_(worker.loop),
      exchange_(worker,
                L4Client{socket_, accepted.client, std::move(accepted.sni),
                         listener.config->tls ? "TLS" : "TCP", encryption_of(*listener.config)},
                route, listener.config->limits.tunnel_idle_timeout) {
  acceptor_->enter(*this, accepted.predecessor);
}

TcpConnection::~TcpConnection() {
  acceptor_->leave(*this);
}

Task<> TcpConnection::serve() {
  co_await exchange_.run();
  delete this;
}

}  // namespace gatehouse::proxy
