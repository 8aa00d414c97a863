// SPDX-License-Identifier: Apache-2.0
// One request over an HTTP/2 connection of its own: what health checks ask.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/io/signal.h"
#include "proxy/http2_session.h"

namespace gatehouse::proxy {

/// Lives in the frame of the task that asks, which has to end() it. Thread: the loop's.
class Http2Call final : private Http2Host {
 public:
  static constexpr std::size_t kMostBody = 16 * 1024;

  struct Answer {
    std::uint16_t status = 0;
    std::optional<std::uint64_t> grpc_status;  ///< of head or trailers
    std::string body;
  };

  explicit Http2Call(io::EventLoop& loop);
  Http2Call(const Http2Call&) = delete;
  Http2Call& operator=(const Http2Call&) = delete;
  ~Http2Call() = default;

  /// Takes over a connected socket; false when it cannot be watched any more.
  bool start(io::Socket& connected);
  /// `head` begins with the pseudo-header fields; an empty body is none. Once, after start().
  Task<Result<Answer>> ask(std::span<const HeaderField> head, std::string_view body, WaitLimits limits);
  /// Closes the connection; afterwards the call may be destroyed.
  Task<> end();

 private:
  // Http2Host
  Http2Channel* accept_stream() override { return nullptr; }
  void head_received(Http2Channel&) override {}
  void stream_closed(Http2Channel&) override {}
  void capacity_changed() override {}
  void session_ended() override;

  void take_fields(std::span<const HeaderField> fields, Answer& answer) const;

  io::BufferPool buffers_;
  Arena arena_;
  Http2Session session_;
  Http2Channel channel_;
  io::Signal ended_;
  bool runs_ = false;
};

}  // namespace gatehouse::proxy
