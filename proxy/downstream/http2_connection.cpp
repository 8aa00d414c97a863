// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/http2_connection.h"

#include "proxy/downstream/acceptor.h"
#include "proxy/downstream/refusal_of.h"
#include "proxy/exchange/exchange.h"

namespace gatehouse::proxy {
namespace {

constexpr std::size_t kMostSpare = 32;

Http2Session::Options options_of(const SocketRuntime* sockets) {
  Http2Session::Options options;
  if (!sockets) return options;
  const auto& limits = sockets->first().config->limits;
  options.limits = limits.http2;
  options.max_header_list = limits.max_header_bytes;
  options.header_timeout = limits.header_timeout;
  options.idle_timeout = limits.idle_timeout;
  options.send_timeout = limits.send_timeout;
  return options;
}

}  // namespace

void Http2Connection::start(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted accepted,
                            std::string_view received) {
  auto* connection = new Http2Connection(worker, std::move(acceptor), accepted);
  auto& socket = connection->session_.socket();
  if (!socket.open(accepted.fd)) {
    delete connection;
    return;
  }
  if (accepted.transport) socket.set_transport(std::move(accepted.transport));
  if (!connection->session_.start(received)) {
    delete connection;
    return;
  }
  if (connection->acceptor_->is_closed()) connection->close_when_idle();
}

Http2Connection::Http2Connection(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted& accepted)
    : DownstreamConnection(accepted.peer.ip),
      worker_(worker),
      acceptor_(std::move(acceptor)),
      session_(worker.loop, worker.buffers, *this, options_of(acceptor_->sockets())),
      client_(accepted.client.ip),
      sni_(std::move(accepted.sni)),
      is_secure_(accepted.transport != nullptr) {
  const std::string text = client_.to_string();
  client_text_size_ = static_cast<std::uint8_t>(text.copy(client_text_.data(), client_text_.size()));
  acceptor_->enter(*this, accepted.predecessor);
}

Http2Connection::~Http2Connection() {
  acceptor_->leave(*this);
}

/// P8: a stream counts until its exchange is over, whatever became of it on the wire.
Http2Channel* Http2Connection::accept_stream() {
  const auto* sockets = acceptor_->sockets();
  if (!sockets) return nullptr;
  const auto& limits = sockets->first().config->limits;
  if (streams_.size() >= limits.http2.max_concurrent_streams) return nullptr;
  if (spare_.empty()) spare_.push_back(std::make_unique<Http2Stream>(worker_));
  auto stream = std::move(spare_.back());
  spare_.pop_back();
  stream->begin();
  stream->index = streams_.size();
  streams_.push_back(std::move(stream));
  return &streams_.back()->channel();
}

void Http2Connection::head_received(Http2Channel& channel) {
  auto& stream = static_cast<Http2Stream::Channel&>(channel).stream;
  stream.is_serving = true;
  const auto* sockets = acceptor_->sockets();
  if (sockets && session_.streams_begun() >= sockets->first().config->limits.max_requests_per_connection)
    session_.shut_down();
  io::spawn(serve(stream));
}

/// B15: whoever works for a stream that the client has ended stops.
void Http2Connection::stream_closed(Http2Channel& channel) {
  auto& stream = static_cast<Http2Stream::Channel&>(channel).stream;
  if (!stream.is_serving) return release(stream);
  if (!channel.received_end() || !channel.sent_end()) stream.peer_gone().fire();
}

void Http2Connection::session_ended() {
  has_ended_ = true;
  if (streams_.empty()) delete this;
}

Task<> Http2Connection::serve(Http2Stream& stream) {
  co_await exchange(stream);
  release(stream);
  if (has_ended_ && streams_.empty()) delete this;
}

Task<> Http2Connection::exchange(Http2Stream& stream) {
  // The configuration of now, not of when the connection began.
  Ref<RuntimeHandle> runtime = worker_.runtime();
  const auto* sockets = acceptor_->sockets();
  if (!sockets) co_return stream.channel().reset(Http2Code::refused_stream);
  const auto refused = stream.take_head(sockets->first().request_rules, is_secure_ ? "https" : "http");
  if (refused) co_return co_await refuse(stream, *refused);

  const auto peer = peer_context(*sockets);
  Exchange exchange(worker_, stream, stream.scratch(), std::move(runtime), *sockets, peer);
  co_await exchange.run();
}

Task<> Http2Connection::refuse(Http2Stream& stream, const http::Rejection& why) {
  worker_.probes.worker().refused(refusal_of(why.status));
  auto& scratch = stream.scratch();
  // What was refused asks for nothing: neither a tunnel nor an answer without body.
  scratch.request.upgrade = {};
  auto& head = scratch.response;
  head.status = why.status;
  head.framing = {http::BodyKind::length, why.reason.size() + 1, true};
  head.fields.clear();
  head.fields.push_back({"content-type", "text/plain; charset=utf-8", FieldId::other});
  WaitLimits wait;
  wait.deadline = worker_.loop.now() + std::chrono::seconds(1);
  const Chunk body{scratch.arena.concat(why.reason, "\n"), true};
  const auto sent = co_await stream.send_head(head, body, wait);
  if (!sent) stream.reset(sent.error());
}

void Http2Connection::release(Http2Stream& stream) {
  stream.end();
  const std::size_t index = stream.index;
  auto owned = std::move(streams_[index]);
  if (index + 1 != streams_.size()) {
    streams_[index] = std::move(streams_.back());
    streams_[index]->index = index;
  }
  streams_.pop_back();
  if (spare_.size() < kMostSpare) spare_.push_back(std::move(owned));
}

http::PeerContext Http2Connection::peer_context(const SocketRuntime& sockets) {
  http::PeerContext peer;
  peer.request_ids = &worker_.request_ids;
  peer.address = client_;
  peer.address_text = {client_text_.data(), client_text_size_};
  peer.scheme = is_secure_ ? "https" : "http";
  peer.sni = sni_;
  peer.port_text = sockets.first().port_text;
  return peer;
}

}  // namespace gatehouse::proxy
