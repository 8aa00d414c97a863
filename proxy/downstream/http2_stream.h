// SPDX-License-Identifier: Apache-2.0
// One request of an HTTP/2 connection, as the exchange sees it.
#pragma once

#include <memory>

#include "proxy/http/request_rules.h"
#include "proxy/http2_channel.h"
#include "proxy/stream.h"
#include "proxy/worker_context.h"

namespace gatehouse::proxy {

/// Owned by its Http2Connection, which uses it for one request after another. Thread: its worker.
class Http2Stream final : public DownstreamStream {
 public:
  explicit Http2Stream(WorkerContext& worker)
      : worker_(worker), channel_(worker.loop, worker.buffers, *this), peer_gone_(worker.loop) {}

  /// The channel knows whose it is.
  struct Channel : Http2Channel {
    Channel(io::EventLoop& loop, io::BufferPool& buffers, Http2Stream& of)
        : Http2Channel(loop, buffers, Side::downstream), stream(of) {}
    Http2Stream& stream;
  };
  Channel& channel() { return channel_; }
  Scratch& scratch() { return *scratch_; }

  /// A head begins to come in.
  void begin();
  /// It is complete: fills scratch().request, checked.
  std::optional<http::Rejection> take_head(const http::RequestRules& rules, std::string_view scheme);
  /// The exchange is over: what is left of the stream is ended.
  void end();

  Chunk buffered_body() override { return channel_.buffered_body(); }
  Task<Result<Chunk>> read_body(WaitLimits limits) override { return channel_.read_body(limits); }
  void consume_body(std::size_t size) override { channel_.consume_body(size); }
  const http::HeaderList& trailers() const override { return channel_.trailers(); }
  Task<Result<void>> send_head(http::ResponseHead& head, Chunk first, WaitLimits limits) override;
  Task<Result<void>> send_body(Chunk chunk, const http::HeaderList* trailers, WaitLimits limits) override {
    return channel_.send_body(chunk, trailers, limits);
  }
  void reset(const Error& why) override;
  void start_tunnel() override {}
  io::CancelSource& peer_gone() override { return peer_gone_; }

  bool is_serving = false;  ///< an exchange runs on it
  std::size_t index = 0;    ///< among its connection's streams

 private:
  void write_fields(const http::ResponseHead& head, std::string_view status);

  WorkerContext& worker_;
  Channel channel_;
  io::CancelSource peer_gone_;
  std::unique_ptr<Scratch> scratch_;
  http::HeaderList out_;  ///< the head being sent
};

}  // namespace gatehouse::proxy
