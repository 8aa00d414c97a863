// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/handshake.h"

#include <algorithm>
#include <array>

#include "proxy/downstream/acceptor.h"
#include "proxy/downstream/http1_connection.h"
#include "proxy/downstream/http2_connection.h"
#include "proxy/downstream/tcp_connection.h"
#include "proxy/http/proxy_protocol.h"
#include "proxy/tls_destination.h"
#include "tls/handshake.h"

namespace gatehouse::proxy {
namespace {

Refusal refusal_of(const Error& error) {
  return error.fault == Fault::timeout ? Refusal::header_timeout : Refusal::tls_handshake;
}

constexpr auto kProxyHeaderTimeout = std::chrono::seconds(5);  // W4

struct PeekedHeader {
  io::Transfer transfer;
  http::ProxyHeaderScan scan;
};

/// Bytes on the stack of one call only: a coroutine that waits does not hold them.
PeekedHeader peek_proxy_header(io::Socket& socket, std::size_t known) {
  std::array<char, http::kMaxProxyHeader> bytes;
  PeekedHeader peeked;
  peeked.transfer = socket.peek(bytes, known);
  if (peeked.transfer.state == io::Transfer::State::done)
    peeked.scan = http::scan_proxy_header({bytes.data(), peeked.transfer.bytes});
  return peeked;
}

/// Takes `size` bytes that are known to be here.
void drop(io::Socket& socket, std::size_t size) {
  std::array<char, http::kMaxProxyHeader> bytes;
  socket.read(std::span(bytes).first(size));
}

}  // namespace

void Handshake::start(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted accepted) {
  auto* handshake = new Handshake(worker, std::move(acceptor), std::move(accepted));
  if (!handshake->socket_.open(handshake->accepted_.fd)) {
    delete handshake;
    return;
  }
  io::spawn(handshake->run());
}

Handshake::Handshake(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted accepted)
    : DownstreamConnection(accepted.peer.ip),
      worker_(worker),
      acceptor_(std::move(acceptor)),
      accepted_(std::move(accepted)),
      socket_(worker.loop),
      aborted_(worker.loop) {
  acceptor_->enter(*this, nullptr);
  deadline_ = worker.loop.now() + acceptor_->sockets()->first().config->limits.handshake_timeout;
}

Handshake::~Handshake() {
  acceptor_->leave(*this);
  acceptor_->end_handshake(peer_ip());
}

void Handshake::abort() {
  closing_ = true;
  socket_.reset_on_close();
  aborted_.fire();
}

io::Task<> Handshake::run() {
  const auto* sockets = acceptor_->sockets();
  const bool has_header = sockets && sockets->first().config->proxy_protocol == ir::ProxyProtocolIn::required;
  if (!has_header || co_await read_proxy_header()) co_await choose_listener();
  delete this;
}

/// W4. Only the header is taken; what follows stays where it is.
io::Task<bool> Handshake::read_proxy_header() {
  if (!is_trusted(peer_ip())) co_return refuse(Refusal::proxy_protocol);
  const MonoTime deadline = std::min(deadline_, worker_.loop.now() + kProxyHeaderTimeout);
  for (std::size_t known = 0;;) {
    const auto [transfer, scan] = peek_proxy_header(socket_, known);
    if (transfer.state == io::Transfer::State::done) {
      known = transfer.bytes;
      if (scan.state == http::ProxyHeaderScan::State::malformed) co_return refuse(Refusal::proxy_protocol);
      if (scan.state == http::ProxyHeaderScan::State::complete) {
        drop(socket_, scan.size);
        if (scan.header.source) accepted_.client = *scan.header.source;
        co_return true;
      }
    } else if (transfer.state != io::Transfer::State::would_block) {
      co_return false;
    }
    const io::Wake wake = co_await io::Wait(socket_, io::Direction::read, deadline, &aborted_);
    if (wake != io::Wake::ready) co_return refuse(Refusal::proxy_protocol);
  }
}

bool Handshake::is_trusted(const IpAddress& peer) const {
  const auto& trusted = worker_.settings.trust.trusted;
  return std::any_of(trusted.begin(), trusted.end(), [&](const Cidr& cidr) { return cidr.contains(peer); });
}

/// By the server name, which is looked at and left where it is: it may go to a backend unchanged.
io::Task<> Handshake::choose_listener() {
  if (const auto* sockets = acceptor_->sockets(); sockets && !sockets->needs_tls()) {
    start_plain(sockets->first());
    co_return;
  }
  const tls::HandshakeLimits limits{deadline_, &aborted_, nullptr};
  auto hello = co_await tls::peek_client_hello(socket_, limits);
  if (!hello) {
    refuse(refusal_of(hello.error()));
    co_return;
  }
  accepted_.sni = std::move(hello->server_name);
  // The configuration of now: it may have changed while we waited. It is held until TLS is established.
  const Ref<RuntimeHandle> runtime = worker_.runtime();
  const auto* sockets = acceptor_->sockets();
  const auto destination = sockets ? find_tls_destination(*sockets, accepted_.sni) : TlsDestination{};
  switch (destination.kind) {
    case TlsDestination::Kind::none:
      refuse(Refusal::server_name);
      co_return;
    case TlsDestination::Kind::passthrough:
      TcpConnection::start(worker_, acceptor_, hand_over(), *destination.listener, destination.route);
      co_return;
    case TlsDestination::Kind::terminate:
      break;
  }
  co_await terminate(*destination.listener, destination.route);
}

io::Task<> Handshake::terminate(const ListenerRuntime& listener, const L4RouteRuntime* route) {
  auto stream = listener.tls ? listener.tls->accept(worker_.probes.worker_index(), socket_.fd()) : nullptr;
  if (!stream) {
    refuse(Refusal::internal);
    co_return;
  }
  socket_.set_transport(std::move(stream));
  const tls::HandshakeLimits limits{deadline_, &aborted_, &worker_.handshakes};
  const auto facts = co_await tls::handshake(socket_, limits);
  if (!facts) {
    refuse(refusal_of(facts.error()));
    co_return;
  }
  if (listener.config->protocol == ir::ListenerProtocol::tls)
    TcpConnection::start(worker_, acceptor_, hand_over(), listener, route);
  else
    start_http(facts->alpn == "h2" ? HttpVersion::http2 : HttpVersion::http1);
}

void Handshake::start_plain(const ListenerRuntime& listener) {
  if (listener.config->protocol == ir::ListenerProtocol::tcp)
    TcpConnection::start(worker_, acceptor_, hand_over(), listener, listener.l4.find({}));
  else
    start_http(HttpVersion::http1);
}

void Handshake::start_http(HttpVersion version) {
  if (version == HttpVersion::http2)
    Http2Connection::start(worker_, acceptor_, hand_over(), {});
  else
    Http1Connection::start(worker_, acceptor_, hand_over());
}

bool Handshake::refuse(Refusal why) {
  if (!closing_) worker_.probes.worker().refused(why);
  return false;
}

Accepted Handshake::hand_over() {
  accepted_.transport = socket_.take_transport();
  accepted_.fd = socket_.release_fd();
  accepted_.predecessor = this;
  return std::move(accepted_);
}

}  // namespace gatehouse::proxy
