// SPDX-License-Identifier: Apache-2.0
// One HTTP/1 connection to an endpoint: carries one exchange after another, idle in its endpoint's pool
// between.
#pragma once

#include <cstdint>
#include <memory>

#include "base/arena.h"
#include "proxy/http/response_rules.h"
#include "proxy/http1_channel.h"
#include "proxy/stream.h"

namespace gatehouse::proxy {

/// Owned by a Lease while it serves, by its Endpoint while idle. Thread: its worker.
class Http1Client final : public UpstreamStream {
 public:
  Http1Client(io::EventLoop& loop, io::BufferPool& buffers)
      : socket_(loop), channel_(socket_, buffers, Side::upstream) {}

  io::Socket& socket() { return socket_; }
  void begin_exchange(Arena& arena) override;
  bool is_reused() const override { return exchanges_ > 1; }
  Http1Client* as_http1() override { return this; }
  std::uint64_t exchanges() const { return exchanges_; }
  /// Both messages were complete, the backend keeps the connection, and nothing is left over (B7, B14).
  bool may_be_reused() const;
  void release_buffers() { channel_.release_buffers(); }

  Task<Result<void>> send_head(const http::RequestHead& head, Chunk first, WaitLimits limits) override;
  Task<Result<void>> read_head(http::ResponseHead& head, http::Method method, bool upgrade_asked,
                               WaitLimits limits) override;
  Task<Result<void>> send_body(Chunk chunk, const http::HeaderList* trailers, WaitLimits limits) override {
    return channel_.send_body(chunk, trailers, *arena_, limits);
  }
  Chunk buffered_body() override { return channel_.buffered_body(); }
  Task<Result<Chunk>> read_body(WaitLimits limits) override { return channel_.read_body(limits); }
  void consume_body(std::size_t size) override { channel_.consume_body(size); }
  const http::HeaderList& trailers() const override { return channel_.trailers(); }
  void start_tunnel() override;
  bool nothing_received() const override { return !received_; }
  void release_head() override { channel_.release_head(); }

 private:
  Result<void> take_head(std::string_view bytes, http::ResponseHead& head, const http::ResponseRules& rules);

  io::Socket socket_;
  Http1Channel channel_;
  Arena* arena_ = nullptr;
  std::uint64_t exchanges_ = 0;
  bool received_ = false;
  bool keep_alive_ = false;
  bool tunnel_ = false;
};

}  // namespace gatehouse::proxy
