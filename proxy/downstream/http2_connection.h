// SPDX-License-Identifier: Apache-2.0
// A downstream HTTP/2 connection: many exchanges at once, each a task of its own.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "proxy/downstream/accepted.h"
#include "proxy/downstream/downstream_connection.h"
#include "proxy/downstream/http2_stream.h"
#include "proxy/http2_session.h"
#include "proxy/worker_context.h"

namespace gatehouse::proxy {

class Acceptor;

/// Owns itself: ends when its session has ended and the last exchange is over, which outlives its stream
/// while the backend's part is wound up (P8). Thread: its worker.
class Http2Connection final : public DownstreamConnection, private Http2Host {
 public:
  /// Takes over the descriptor. `received` are bytes of it that were read before.
  static void start(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted accepted,
                    std::string_view received);

  /// GOAWAY; what runs goes on (D1, P15).
  void close_when_idle() override { session_.shut_down(); }
  void abort() override { session_.abort(); }

 private:
  Http2Connection(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted& accepted);
  ~Http2Connection();

  // Http2Host
  Http2Channel* accept_stream() override;
  void head_received(Http2Channel& channel) override;
  void stream_closed(Http2Channel& channel) override;
  void capacity_changed() override {}
  void session_ended() override;

  Task<> serve(Http2Stream& stream);
  Task<> exchange(Http2Stream& stream);
  Task<> refuse(Http2Stream& stream, const http::Rejection& why);
  void release(Http2Stream& stream);
  http::PeerContext peer_context(const SocketRuntime& sockets);

  WorkerContext& worker_;
  Ref<Acceptor> acceptor_;
  std::vector<std::unique_ptr<Http2Stream>> streams_;  ///< those in use
  std::vector<std::unique_ptr<Http2Stream>> spare_;
  Http2Session session_;
  IpAddress client_;
  std::string sni_;
  bool is_secure_ = false;
  bool has_ended_ = false;
  std::uint8_t client_text_size_ = 0;
  std::array<char, 46> client_text_;
};

}  // namespace gatehouse::proxy
