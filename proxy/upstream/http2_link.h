// SPDX-License-Identifier: Apache-2.0
// One HTTP/2 connection to an endpoint, shared by the streams of many exchanges.
#pragma once

#include <cstdint>
#include <memory>

#include "base/io/signal.h"
#include "base/ref.h"
#include "config/ir/cluster.h"
#include "proxy/http2_session.h"

namespace gatehouse::proxy {

class Endpoint;
class Http2Client;

/// Its endpoint lists it while it is usable; streams and, until the session has ended, the link itself keep
/// it alive. Thread: its worker.
class Http2Link final : public RefCounted<Http2Link>, private Http2Host {
 public:
  Http2Link(io::EventLoop& loop, io::BufferPool& buffers, const ir::PoolLimits& limits, Endpoint& endpoint);

  /// Takes over a connected socket; false when it cannot be watched any more.
  bool start(io::Socket& connected);

  bool may_open_stream() const;
  /// The peer has not said yet how many streams it takes: the first alone is sent.
  bool is_fresh() const { return !session_.peer_said_settings() && !session_.is_over(); }
  std::unique_ptr<Http2Client> open_stream();
  std::uint32_t streams() const { return streams_; }
  /// The endpoint is not listed any more: ends with the last stream, whose lease keeps the endpoint alive.
  void retire();
  /// No stream is on it: closes it now.
  void close();

  Http2Session& session() { return session_; }
  io::BufferPool& buffers() { return buffers_; }
  bool is_secure() { return session_.socket().transport() != nullptr; }
  /// Raised when the peer's SETTINGS came or the session ended.
  io::Signal& settings() { return settings_; }

 private:
  friend class Http2Client;
  friend class RefCounted<Http2Link>;
  ~Http2Link() = default;

  // Http2Host
  Http2Channel* accept_stream() override { return nullptr; }
  void head_received(Http2Channel&) override {}
  void stream_closed(Http2Channel&) override {}
  void capacity_changed() override;
  void session_ended() override;

  void stream_began();
  void stream_ended();
  void leave_endpoint();

  io::BufferPool& buffers_;
  Http2Session session_;
  io::Signal settings_;
  Endpoint* endpoint_;
  Ref<Http2Link> self_;  ///< until the session has ended
  std::uint64_t max_requests_;
  std::uint32_t streams_ = 0;
  bool is_retired_ = false;
};

}  // namespace gatehouse::proxy
