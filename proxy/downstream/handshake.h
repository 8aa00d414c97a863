// SPDX-License-Identifier: Apache-2.0
// From accept to the first byte of what a connection is for: PROXY protocol, ClientHello, TLS.
#pragma once

#include "base/io/socket.h"
#include "base/io/task.h"
#include "base/ref.h"
#include "proxy/downstream/accepted.h"
#include "proxy/downstream/downstream_connection.h"
#include "proxy/worker_context.h"

namespace gatehouse::proxy {

class Acceptor;

/// Owns itself and the socket until it is known which protocol follows; then that connection takes its place.
/// What goes wrong ends the connection without a word: there is nobody to talk to yet. Thread: its worker.
class Handshake final : public DownstreamConnection {
 public:
  /// After Acceptor::begin_handshake() of the peer.
  static void start(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted accepted);

  void close_when_idle() override { closing_ = true; }
  void abort() override;

 private:
  Handshake(WorkerContext& worker, Ref<Acceptor> acceptor, Accepted accepted);
  ~Handshake() override;

  enum class HttpVersion : std::uint8_t { http1, http2 };

  io::Task<> run();
  io::Task<bool> read_proxy_header();
  bool is_trusted(const IpAddress& peer) const;
  io::Task<> choose_listener();
  io::Task<> terminate(const ListenerRuntime& listener, const L4RouteRuntime* route);
  void start_plain(const ListenerRuntime& listener);
  void start_http(HttpVersion version);
  /// Counted; false.
  bool refuse(Refusal why);
  /// What the next step begins with; this one ends.
  Accepted hand_over();

  WorkerContext& worker_;
  Ref<Acceptor> acceptor_;
  Accepted accepted_;
  io::Socket socket_;
  io::CancelSource aborted_;
  MonoTime deadline_;
  bool closing_ = false;
};

}  // namespace gatehouse::proxy
