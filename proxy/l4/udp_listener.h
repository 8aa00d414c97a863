// SPDX-License-Identifier: Apache-2.0
// One bound UDP socket of one worker and the sessions of its clients.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/io/event_loop.h"
#include "proxy/l4/datagram_batch.h"
#include "proxy/l4/udp_session.h"
#include "proxy/worker_context.h"

namespace gatehouse::proxy {

/// The kernel keeps a client on one worker's socket. A session ends when nothing has come either way for
/// udp_session_timeout; beyond max_udp_sessions no new ones begin. Owned by its worker. Thread: the worker's.
class UdpListener final : private io::EventSink, private io::Waiter {
 public:
  /// `fd` is bound (SO_REUSEPORT, non-blocking).
  UdpListener(WorkerContext& worker, const SocketAddress& address, int fd);
  ~UdpListener();
  UdpListener(const UdpListener&) = delete;
  UdpListener& operator=(const UdpListener&) = delete;

  /// The listeners behind this address in a new runtime.
  void set_current(const SocketRuntime* current);
  /// Sessions go on, but no new ones begin.
  void stop_accepting() { accepting_ = false; }
  std::size_t sessions() const { return sessions_.size(); }

 private:
  friend class UdpSession;
  struct HashClient {
    std::size_t operator()(const UdpClient& client) const;
  };

  void on_events(std::uint32_t events) override;
  static void on_readable(io::Waiter& self);
  void drain();
  void hand_out(unsigned count);
  UdpSession* session_of(const UdpClient& client);
  const L4RouteRuntime* route() const;
  const ir::HttpLimits& limits() const { return current_->first().config->limits; }
  void end(UdpSession& session);

  WorkerContext& worker_;
  SocketAddress address_;
  int fd_;
  const SocketRuntime* current_ = nullptr;
  bool accepting_ = true;
  DatagramBatch batch_;
  std::unordered_map<UdpClient, std::unique_ptr<UdpSession>, HashClient> sessions_;
};

}  // namespace gatehouse::proxy
