// SPDX-License-Identifier: Apache-2.0
// One request after another on an HTTP/1 connection, as the exchange sees it.
#pragma once

#include "proxy/http1_channel.h"
#include "proxy/stream.h"
#include "proxy/worker_context.h"

namespace gatehouse::proxy {

/// Lives in the frame of Http1Connection::serve while the connection is busy. Thread: its worker.
class Http1Stream final : public DownstreamStream {
 public:
  Http1Stream(io::Socket& socket, WorkerContext& worker)
      : socket_(socket),
        worker_(worker),
        channel_(socket, worker.buffers, Side::downstream),
        peer_gone_(worker.loop) {}
  ~Http1Stream() { socket_.set_hangup_target(nullptr, false); }

  Http1Channel& channel() { return channel_; }

  /// Whether the connection may serve another request after this one, as far as the connection itself knows.
  enum class Reuse : std::uint8_t { allowed, no };
  /// The head in `scratch.request` was accepted: its exchange begins.
  void begin_exchange(Scratch& scratch, const http::ChunkedRules& rules, Reuse reuse);
  /// The connection ends with this response, which says so if its head is not out yet.
  void forbid_reuse() { keep_alive_ = false; }
  /// Another request may follow: request and response are complete, and nobody said close.
  bool may_continue() const {
    return keep_alive_ && !was_reset_ && channel_.body_ended() && channel_.message_sent();
  }
  bool was_reset() const { return was_reset_; }
  bool is_tunnel() const { return tunnel_; }
  /// The client may still be sending: closing at once could destroy the answer on its way (F28).
  bool should_linger() const { return !channel_.body_ended() || channel_.has_bytes(); }

  Chunk buffered_body() override;
  Task<Result<Chunk>> read_body(WaitLimits limits) override;
  void consume_body(std::size_t size) override;
  const http::HeaderList& trailers() const override { return channel_.trailers(); }
  Task<Result<void>> send_head(http::ResponseHead& head, Chunk first, WaitLimits limits) override;
  Task<Result<void>> send_body(Chunk chunk, const http::HeaderList* trailers, WaitLimits limits) override {
    return channel_.send_body(chunk, trailers, scratch_->arena, limits);
  }
  void reset(const Error& why) override;
  void start_tunnel() override;
  io::CancelSource& peer_gone() override { return peer_gone_; }

 private:
  enum class Body : std::uint8_t { on_its_way, is_here };
  void watch_for_hangup(Body body);
  http::Framing frame_for_client(const http::Framing& framing);

  io::Socket& socket_;
  WorkerContext& worker_;
  Http1Channel channel_;
  io::CancelSource peer_gone_;
  Scratch* scratch_ = nullptr;
  bool keep_alive_ = false;
  bool was_reset_ = false;
  bool tunnel_ = false;
};

}  // namespace gatehouse::proxy
