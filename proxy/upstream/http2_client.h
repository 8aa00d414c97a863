// SPDX-License-Identifier: Apache-2.0
// One request to a backend as a stream of a shared HTTP/2 connection.
#pragma once

#include "proxy/http2_channel.h"
#include "proxy/stream.h"
#include "proxy/upstream/http2_link.h"

namespace gatehouse::proxy {

/// Owned by its Lease; its end resets what is not complete. Thread: its worker.
class Http2Client final : public UpstreamStream {
 public:
  explicit Http2Client(Ref<Http2Link> link);
  ~Http2Client() override;

  void begin_exchange(Arena& arena) override;
  bool is_reused() const override { return is_reused_; }
  Task<Result<void>> send_head(const http::RequestHead& head, Chunk first, WaitLimits limits) override;
  Task<Result<void>> read_head(http::ResponseHead& head, http::Method method, bool upgrade_asked,
                               WaitLimits limits) override;
  Task<Result<void>> send_body(Chunk chunk, const http::HeaderList* trailers, WaitLimits limits) override {
    return channel_.send_body(chunk, trailers, limits);
  }
  Chunk buffered_body() override { return channel_.buffered_body(); }
  Task<Result<Chunk>> read_body(WaitLimits limits) override { return channel_.read_body(limits); }
  void consume_body(std::size_t size) override { channel_.consume_body(size); }
  const http::HeaderList& trailers() const override { return channel_.trailers(); }
  void start_tunnel() override {}
  bool nothing_received() const override { return !channel_.received_anything(); }
  void release_head() override {}

 private:
  Task<Result<void>> send_upgrade(const http::RequestHead& head, WaitLimits limits);
  Result<void> submit(const http::RequestHead& head, Http2Body body);
  void write_fields(const http::RequestHead& head);
  Result<void> take_head(http::ResponseHead& head, http::Method method, bool upgrade_asked);

  Ref<Http2Link> link_;
  Http2Channel channel_;
  Arena* arena_ = nullptr;
  http::HeaderList out_;            ///< the head being sent
  std::string_view websocket_key_;  ///< what an HTTP/1 client waits to see answered
  bool is_reused_ = false;
};

}  // namespace gatehouse::proxy
