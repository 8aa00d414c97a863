// SPDX-License-Identifier: Apache-2.0
// A downstream HTTP/1 connection. Idle it is this struct alone: no coroutine frame, no buffer.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/io/socket.h"
#include "base/ref.h"
#include "proxy/downstream/accepted.h"
#include "proxy/downstream/downstream_connection.h"
#include "proxy/downstream/http1_stream.h"
#include "proxy/worker_context.h"

namespace gatehouse::proxy {

class Acceptor;

/// Owns itself: made by the acceptor, ends with close or abort. While busy, serve() runs and may be waiting
/// anywhere. Thread: its worker.
class Http1Connection final : public DownstreamConnection, private io::Waiter, private io::Timer {
 public:
  /// Takes over the descriptor; deletes itself when the system refuses to watch it.
  static void start(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted accepted);

  bool is_idle() const { return idle_; }
  /// Idle connections end now, unless a request is here or, on a fresh connection, expected; a busy one ends
  /// after its current message.
  void close_when_idle() override;
  /// Breaks the connection; what runs on it ends by itself.
  void abort() override;

 private:
  enum class Next : std::uint8_t { request, idle, close, linger, http2 };

  Http1Connection(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted& accepted);
  ~Http1Connection();

  static void on_readable(io::Waiter& self);
  static void on_idle_timeout(io::Timer& self);

  void park();
  void end_or_serve_last();
  io::Task<> serve();
  io::Task<Next> serve_one(Http1Stream& stream, Scratch& scratch);
  io::Task<Result<std::string_view>> read_head(Http1Channel& channel, const ir::HttpLimits& limits);
  io::Task<Result<std::string_view>> wait_for_head(Http1Channel& channel, std::size_t max_bytes,
                                                   MonoTime deadline);
  io::Task<Next> refuse(Http1Stream& stream, Scratch& scratch, const http::Rejection& why);
  io::Task<> linger();
  /// The client speaks HTTP/2: `received` and the descriptor go on to a connection that does too.
  void become_http2(std::string_view received);
  http::PeerContext peer_context(const SocketRuntime& sockets);

  WorkerContext& worker_;
  Ref<Acceptor> acceptor_;
  io::Socket socket_;
  Http1Stream* stream_ = nullptr;  ///< while busy
  IpAddress client_;
  std::string sni_;
  std::uint32_t requests_ = 0;
  bool idle_ = true;
  bool closing_ = false;
  std::uint8_t client_text_size_ = 0;
  std::array<char, 46> client_text_;
};

static_assert(sizeof(Http1Connection) <= 512, "an idle connection is a plain struct of at most 512 bytes");

}  // namespace gatehouse::proxy
