// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/http1_connection.h"

#include "base/io/yield.h"
#include "proxy/downstream/acceptor.h"
#include "proxy/downstream/http2_connection.h"
#include "proxy/downstream/refusal_of.h"
#include "proxy/exchange/exchange.h"
#include "proxy/http/hop_headers.h"
#include "proxy/http/http1_codec.h"

namespace gatehouse::proxy {
namespace {

constexpr auto kLinger = std::chrono::seconds(1);  // F28
constexpr std::size_t kLingerBytes = 64 * 1024;    // F20
constexpr int kRequestsPerTurn = 32;               // F27: then others get their turn

/// Several words, but neither a path nor a version: whoever sent this speaks something else, and could not
/// read an answer. An HTTP/2 client with a broken preface takes an answer in HTTP/1 for a frame (RFC
/// 9113 3.4).
bool is_no_http(std::string_view head) {
  const auto line = head.substr(0, head.find('\r'));
  return line.find(' ') != std::string_view::npos && line.find('/') == std::string_view::npos;
}

http::Rejection rejection_of(const Error& error) {
  switch (error.fault) {
    case Fault::too_large:
      return {431, "the request head is too large"};
    case Fault::timeout:
      return {408, "the request head did not arrive in time"};
    default:
      return {400, error.detail};
  }
}

}  // namespace

void Http1Connection::start(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted accepted) {
  auto* connection = new Http1Connection(worker, std::move(acceptor), accepted);
  if (!connection->socket_.open(accepted.fd)) {
    delete connection;
    return;
  }
  if (accepted.transport) connection->socket_.set_transport(std::move(accepted.transport));
  connection->park();
  // The handshake outlasted the listener, or the process' readiness to accept.
  if (connection->acceptor_->is_closed()) connection->close_when_idle();
}

Http1Connection::Http1Connection(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted& accepted)
    : DownstreamConnection(accepted.peer.ip),
      io::Waiter(&Http1Connection::on_readable),
      io::Timer(&Http1Connection::on_idle_timeout),
      worker_(worker),
      acceptor_(std::move(acceptor)),
      socket_(worker.loop),
      client_(accepted.client.ip),
      sni_(std::move(accepted.sni)) {
  const std::string text = client_.to_string();
  client_text_size_ = static_cast<std::uint8_t>(text.copy(client_text_.data(), client_text_.size()));
  acceptor_->enter(*this, accepted.predecessor);
}

Http1Connection::~Http1Connection() {
  acceptor_->leave(*this);
}

void Http1Connection::park() {
  idle_ = true;
  if (closing_) {
    delete this;
    return;
  }
  const auto* sockets = acceptor_->sockets();
  const auto timeout = sockets ? sockets->first().config->limits.idle_timeout : std::chrono::milliseconds(0);
  worker_.loop.timers().arm(*this, worker_.loop.now() + timeout);
  if (socket_.has_input()) {
    worker_.loop.make_ready(*this, io::Wake::ready);
  } else {
    socket_.set_read_waiter(this);
  }
}

void Http1Connection::on_readable(io::Waiter& self) {
  auto& connection = static_cast<Http1Connection&>(self);
  connection.io::Timer::cancel();
  connection.idle_ = false;
  io::spawn(connection.serve());
}

void Http1Connection::on_idle_timeout(io::Timer& self) {
  static_cast<Http1Connection&>(self).end_or_serve_last();
}

void Http1Connection::close_when_idle() {
  closing_ = true;
  if (stream_) stream_->forbid_reuse();
  if (!idle_) return;
  // Accepted a moment ago: its first request is probably on the way.
  if (requests_ == 0 && !socket_.has_unread_bytes()) {
    worker_.loop.timers().arm(*this, worker_.loop.now() + kLinger);
    return;
  }
  end_or_serve_last();
}

/// A request that came in before we looked is answered, and told that it was the last.
void Http1Connection::end_or_serve_last() {
  closing_ = true;
  if (!socket_.has_unread_bytes()) {
    delete this;
    return;
  }
  socket_.set_read_waiter(nullptr);
  worker_.loop.make_ready(*this, io::Wake::ready);
}

void Http1Connection::abort() {
  closing_ = true;
  if (idle_) {
    delete this;
    return;
  }
  socket_.reset_on_close();
  socket_.close();
}

/// Requests one after another until the connection is idle, or ends.
io::Task<> Http1Connection::serve() {
  Next next = Next::request;
  {
    Http1Stream stream(socket_, worker_);
    stream_ = &stream;
    auto scratch = worker_.take_scratch();
    for (int served = 1; next == Next::request; ++served) {
      next = co_await serve_one(stream, *scratch);
      scratch->reset();
      if (served % kRequestsPerTurn == 0) co_await io::Yield(worker_.loop);
    }
    worker_.give_back(std::move(scratch));
    stream_ = nullptr;
    if (next == Next::http2) become_http2(stream.channel().unread());
  }
  if (next == Next::linger) co_await linger();
  if (next == Next::idle) {
    park();
  } else {
    delete this;
  }
}

io::Task<Http1Connection::Next> Http1Connection::serve_one(Http1Stream& stream, Scratch& scratch) {
  if (!acceptor_->sockets() || !socket_.is_open()) co_return Next::close;
  const auto bytes = co_await read_head(stream.channel(), acceptor_->sockets()->first().config->limits);
  if (!bytes) {
    const bool quiet = bytes.error().fault == Fault::closed || bytes.error().fault == Fault::reset ||
                       bytes.error().fault == Fault::cancelled || !stream.channel().has_bytes();
    if (quiet) co_return Next::close;
    co_return co_await refuse(stream, scratch, rejection_of(bytes.error()));
  }
  // RFC 9113 3.3: prior knowledge. On TLS the protocol was negotiated.
  if (requests_ == 0 && !socket_.transport() && bytes->starts_with("PRI * HTTP/2.0\r\n"))
    co_return Next::http2;
  // The configuration of now, not of when the first byte came.
  Ref<RuntimeHandle> runtime = worker_.runtime();
  const auto* sockets = acceptor_->sockets();
  if (!sockets) co_return Next::close;
  auto& request = scratch.request;
  if (const auto rejected = http::parse_request_head(*bytes, request)) {
    if (requests_ == 0 && is_no_http(*bytes)) co_return Next::close;
    co_return co_await refuse(stream, scratch, *rejected);
  }
  if (const auto rejected = http::check_request(request, sockets->first().request_rules, scratch.arena))
    co_return co_await refuse(stream, scratch, *rejected);
  ++requests_;

  const auto& limits = sockets->first().config->limits;
  http::ChunkedRules chunked;
  chunked.max_trailer_bytes = limits.max_header_bytes;
  chunked.max_trailer_count = limits.max_header_count;
  chunked.underscores = sockets->first().request_rules.underscores;
  if (request.framing.kind == http::BodyKind::chunked)
    chunked.hop_names = http::connection_names(request.fields, scratch.arena);
  const bool last = closing_ || requests_ >= limits.max_requests_per_connection;
  stream.begin_exchange(scratch, chunked, last ? Http1Stream::Reuse::no : Http1Stream::Reuse::allowed);

  const auto peer = peer_context(*sockets);
  Exchange exchange(worker_, stream, scratch, std::move(runtime), *sockets, peer);
  co_await exchange.run();

  if (stream.was_reset() || !socket_.is_open()) co_return Next::close;
  if (!stream.may_continue()) co_return stream.should_linger() ? Next::linger : Next::close;
  if (stream.channel().has_bytes() || socket_.has_input()) co_return Next::request;
  stream.channel().release_buffers();
  co_return Next::idle;
}

void Http1Connection::become_http2(std::string_view received) {
  Accepted accepted;
  accepted.peer.ip = peer_ip();
  accepted.client.ip = client_;
  accepted.fd = socket_.release_fd();
  accepted.predecessor = this;
  Http2Connection::start(worker_, acceptor_, std::move(accepted), received);
}

/// L1: the whole head within the header timeout from its first byte.
io::Task<Result<std::string_view>> Http1Connection::read_head(Http1Channel& channel,
                                                              const ir::HttpLimits& limits) {
  channel.expect_head();
  const auto bytes = channel.poll_head(limits.max_header_bytes, Http1Channel::BlankLines::skip);
  if (!bytes || !bytes->empty()) return io::Task<Result<std::string_view>>::ready(bytes);
  return wait_for_head(channel, limits.max_header_bytes, worker_.loop.now() + limits.header_timeout);
}

io::Task<Result<std::string_view>> Http1Connection::wait_for_head(Http1Channel& channel,
                                                                  std::size_t max_bytes, MonoTime deadline) {
  for (;;) {
    const io::Wake woken = co_await io::Wait(socket_, io::Direction::read, deadline, nullptr);
    if (woken != io::Wake::ready) co_return channel.wake_error(woken);
    const auto bytes = channel.poll_head(max_bytes, Http1Channel::BlankLines::skip);
    if (!bytes || !bytes->empty()) co_return bytes;
  }
}

/// F28: the answer, then the end; nothing that follows is read as a request.
io::Task<Http1Connection::Next> Http1Connection::refuse(Http1Stream& stream, Scratch& scratch,
                                                        const http::Rejection& why) {
  worker_.probes.worker().refused(refusal_of(why.status));
  http::StatusLine line;
  line.status = why.status;
  line.framing = {http::BodyKind::length, why.reason.size() + 1, false};
  line.connection = http::ConnectionField::close;
  line.date = worker_.date();
  const HeaderField type{"Content-Type", "text/plain; charset=utf-8", FieldId::other};
  const auto head = http::write_response_head(scratch.arena, line, {&type, 1});
  WaitLimits wait;
  wait.deadline = worker_.loop.now() + kLinger;
  const Chunk body{scratch.arena.concat(why.reason, "\n"), true};
  const auto sent = co_await stream.channel().send_message(head, line.framing, body, wait);
  co_return sent ? Next::linger : Next::close;
}

/// Reads and drops what the client still sends, for a moment, so that it gets to see the answer and not a
/// reset.
io::Task<> Http1Connection::linger() {
  if (!socket_.is_open()) co_return;
  socket_.shutdown_write();
  const MonoTime deadline = worker_.loop.now() + kLinger;
  auto buffer = worker_.buffers.take();
  for (std::size_t dropped = 0; dropped < kLingerBytes;) {
    const auto got = socket_.read(buffer.room());
    if (got.state == io::Transfer::State::done) {
      dropped += got.bytes;
      continue;
    }
    if (got.state != io::Transfer::State::would_block) co_return;
    const io::Wake woken = co_await io::Wait(socket_, io::Direction::read, deadline, nullptr);
    if (woken != io::Wake::ready) co_return;
  }
}

http::PeerContext Http1Connection::peer_context(const SocketRuntime& sockets) {
  http::PeerContext peer;
  peer.request_ids = &worker_.request_ids;
  peer.address = client_;
  peer.address_text = {client_text_.data(), client_text_size_};
  peer.scheme = socket_.transport() ? "https" : "http";
  peer.sni = sni_;
  peer.port_text = sockets.first().port_text;
  return peer;
}

}  // namespace gatehouse::proxy
