// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/acceptor.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "proxy/downstream/handshake.h"
#include "proxy/downstream/http1_connection.h"
#include "proxy/downstream/tcp_connection.h"

namespace gatehouse::proxy {
namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr auto kRetryAfter = std::chrono::milliseconds(100);  // L6: EMFILE never spins

}  // namespace

Acceptor::Acceptor(WorkerContext& worker, ConnectionBudget& budget, SocketAddress address, int fd)
    : io::Waiter(&Acceptor::on_readable),
      io::Timer(&Acceptor::on_retry),
      worker_(worker),
      budget_(budget),
      address_(address),
      socket_(worker.loop) {
  if (socket_.open(fd)) socket_.set_read_waiter(this);
}

void Acceptor::on_readable(io::Waiter& self) {
  static_cast<Acceptor&>(self).accept_all();
}
void Acceptor::on_retry(io::Timer& self) {
  static_cast<Acceptor&>(self).accept_all();
}

void Acceptor::accept_all() {
  if (!socket_.is_open()) return;
  socket_.set_read_waiter(this);
  for (int accepted = 0; accepted < kAcceptsPerTurn; ++accepted)
    if (!accept_one()) return;
  worker_.loop.make_ready(*this, io::Wake::ready);
  socket_.set_read_waiter(nullptr);
}

/// False when there is nothing more to take now.
bool Acceptor::accept_one() {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  const int fd =
      accept4(socket_.fd(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EINTR || errno == ECONNABORTED) return true;
    if (errno != EAGAIN) worker_.loop.timers().arm(*this, worker_.loop.now() + kRetryAfter);
    return false;
  }
  const auto peer = SocketAddress::from(from);
  if (const auto refusal = refuse(peer.ip)) {
    worker_.probes.worker().refused(*refusal);
    close(fd);
    return true;
  }
  begin({fd, nullptr, peer, peer, {}, nullptr});
  return true;
}

void Acceptor::begin(Accepted accepted) {
  const auto& listener = current_->first();
  const Ref<Acceptor> self(this);
  if (current_->needs_handshake()) {
    if (begin_handshake(accepted.peer.ip)) return Handshake::start(worker_, self, std::move(accepted));
    worker_.probes.worker().refused(Refusal::address_limit);
    close(accepted.fd);
  } else if (listener.config->protocol == ir::ListenerProtocol::tcp) {
    TcpConnection::start(worker_, self, std::move(accepted), listener, listener.l4.find({}));
  } else {
    Http1Connection::start(worker_, self, std::move(accepted));
  }
}

/// L6.
std::optional<Refusal> Acceptor::refuse(const IpAddress& peer) const {
  if (!current_ || (budget_.most != 0 && budget_.open >= budget_.most)) return Refusal::connection_limit;
  const auto& limits = current_->first().config->limits;
  if (limits.max_connections != 0 && open_ >= limits.max_connections) return Refusal::connection_limit;
  if (limits.max_connections_per_address == 0) return std::nullopt;
  const auto known = per_address_.find(peer);
  if (known == per_address_.end() || known->second < limits.max_connections_per_address) return std::nullopt;
  return Refusal::address_limit;
}

void Acceptor::enter(DownstreamConnection& connection, DownstreamConnection* predecessor) {
  connection.is_listed_ = true;
  if (predecessor) {
    unlist(*predecessor);
  } else {
    ++open_;
    ++budget_.open;
    worker_.probes.worker().connection_opened();
    if (current_ && current_->first().config->limits.max_connections_per_address != 0)
      ++per_address_[connection.peer_ip()];
  }
  connection.older_ = connections_;
  if (connections_) connections_->newer_ = &connection;
  connections_ = &connection;
}

void Acceptor::leave(DownstreamConnection& connection) {
  if (!connection.is_listed_) return;
  --open_;
  --budget_.open;
  worker_.probes.worker().connection_closed();
  if (!per_address_.empty()) {
    const auto known = per_address_.find(connection.peer_ip());
    if (known != per_address_.end() && --known->second == 0) per_address_.erase(known);
  }
  unlist(connection);
}

bool Acceptor::begin_handshake(const IpAddress& peer) {
  const auto most = current_->first().config->limits.max_handshakes_per_address;
  auto& count = handshakes_[peer];
  if (most != 0 && count >= most) return false;
  ++count;
  return true;
}

void Acceptor::end_handshake(const IpAddress& peer) {
  const auto known = handshakes_.find(peer);
  if (--known->second == 0) handshakes_.erase(known);
}

void Acceptor::unlist(DownstreamConnection& connection) {
  connection.is_listed_ = false;
  if (connection.newer_) {
    connection.newer_->older_ = connection.older_;
  } else {
    connections_ = connection.older_;
  }
  if (connection.older_) connection.older_->newer_ = connection.newer_;
}

void Acceptor::stop_accepting() {
  while (socket_.is_open() && accept_one()) {
  }
  io::Timer::cancel();
  socket_.set_read_waiter(nullptr);
  io::Waiter::unlink();
  socket_.close();
}

void Acceptor::close_idle() {
  for (DownstreamConnection* at = connections_; at;) {
    DownstreamConnection* older = at->older_;
    at->close_when_idle();
    at = older;
  }
}

void Acceptor::abort_all() {
  for (DownstreamConnection* at = connections_; at;) {
    DownstreamConnection* older = at->older_;
    at->abort();
    at = older;
  }
}

}  // namespace gatehouse::proxy
