// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/dial.h"

#include <cerrno>

#include "tls/handshake.h"

namespace gatehouse::proxy {
namespace {

Error failed(Fault fault, Retry retry, std::string_view why) {
  return {fault, Side::upstream, retry, why};
}

Task<Result<void>> connect(io::Socket& socket, SocketAddress endpoint, WaitLimits limits) {
  const int fd = io::start_connect(endpoint);
  if (fd < 0) {
    const bool system = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
    co_return failed(system ? Fault::system : Fault::refused, Retry::safe, "cannot connect");
  }
  if (!socket.open(fd)) co_return failed(Fault::system, Retry::safe, "cannot watch another connection");
  const io::Wake wake = co_await io::Wait(socket, io::Direction::write, limits.deadline, limits.cancel);
  if (wake == io::Wake::timeout) co_return failed(Fault::timeout, Retry::safe, "connect timed out");
  if (wake == io::Wake::cancelled)
    co_return failed(Fault::cancelled, Retry::never, "the other side went away");
  if (socket.is_broken() && socket.take_error() != 0)
    co_return failed(Fault::refused, Retry::safe, "connection refused");
  co_return Result<void>();
}

/// The buffer of a fresh connection has room for far more than this.
bool send_all(io::Socket& socket, std::string_view bytes) {
  const iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // a write only reads
  const io::Transfer sent = socket.write({&part, 1});
  return sent.state == io::Transfer::State::done && sent.bytes == bytes.size();
}

/// The protocol that ALPN yielded, against what the cluster is said to speak.
Result<Spoken> spoken_after(const tls::HandshakeFacts& facts, ir::ClusterProtocol protocol) {
  if (facts.alpn == "h2") return Spoken::http2;
  if (protocol == ir::ClusterProtocol::http2)
    return failed(Fault::refused, Retry::safe, "the backend does not speak HTTP/2 over TLS");
  return Spoken::http1;
}

}  // namespace

Task<Result<Spoken>> dial(io::Socket& socket, SocketAddress endpoint, DialPlan plan,
                          Ref<tls::SessionSlot> session, WaitLimits limits) {
  if (plan.wants_tls && !plan.tls)
    co_return failed(Fault::refused, Retry::safe, "the cluster's TLS settings cannot be used");
  const auto connected = co_await connect(socket, endpoint, limits);
  if (!connected) co_return connected.error();
  if (!plan.prologue.empty() && !send_all(socket, plan.prologue))
    co_return failed(Fault::reset, Retry::safe, "the connection broke with its first bytes");
  if (!plan.tls) co_return plan.protocol == ir::ClusterProtocol::http2 ? Spoken::http2 : Spoken::http1;

  auto stream = plan.tls->connect(plan.worker, socket.fd(), std::move(session), plan.alpn);
  if (!stream) co_return failed(Fault::system, Retry::safe, "out of memory");
  socket.set_transport(std::move(stream));
  const tls::HandshakeLimits patience{limits.deadline, limits.cancel, nullptr};
  const auto facts = co_await tls::handshake(socket, patience);
  if (!facts) co_return facts.error();
  co_return spoken_after(*facts, plan.protocol);
}

}  // namespace gatehouse::proxy
