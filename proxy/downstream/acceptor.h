// SPDX-License-Identifier: Apache-2.0
// One listening socket of one worker: accepts, limits, and knows its open connections.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/io/socket.h"
#include "base/ref.h"
#include "proxy/downstream/accepted.h"
#include "proxy/downstream/downstream_connection.h"
#include "proxy/worker_context.h"

namespace gatehouse::proxy {

/// What connections of one worker share: how many there are in all, and may be (L6).
struct ConnectionBudget {
  std::uint32_t open = 0;
  std::uint32_t most = 0;
};

/// Lives as long as the worker lists it or a connection of it is open. Thread: its worker.
class Acceptor final : public RefCounted<Acceptor>, private io::Waiter, private io::Timer {
 public:
  /// `fd` listens already (SO_REUSEPORT, non-blocking).
  Acceptor(WorkerContext& worker, ConnectionBudget& budget, SocketAddress address, int fd);

  const SocketAddress& address() const { return address_; }
  /// The listeners behind this address in the worker's current runtime; null once the address is gone.
  const SocketRuntime* sockets() const { return current_; }
  void set_current(const SocketRuntime* current) { current_ = current; }
  bool is_closed() const { return !socket_.is_open(); }

  /// No further connections: takes what is queued already, then closes the socket.
  void stop_accepting();
  /// Closes idle connections; busy ones end after their current message.
  void close_idle();
  /// Closes everything now.
  void abort_all();

  /// A connection belongs to the list from its construction to its end. `predecessor` may be null; one that
  /// gave its place away leaves without being counted.
  void enter(DownstreamConnection& connection, DownstreamConnection* predecessor);
  void leave(DownstreamConnection& connection);
  /// L7: false when `peer` has as many handshakes under way as it may.
  bool begin_handshake(const IpAddress& peer);
  void end_handshake(const IpAddress& peer);
  std::uint32_t open_connections() const { return open_; }

 private:
  friend class RefCounted<Acceptor>;
  static void on_readable(io::Waiter& self);
  static void on_retry(io::Timer& self);
  void accept_all();
  std::optional<Refusal> refuse(const IpAddress& peer) const;
  bool accept_one();
  void begin(Accepted accepted);
  void unlist(DownstreamConnection& connection);

  WorkerContext& worker_;
  ConnectionBudget& budget_;
  SocketAddress address_;
  io::Socket socket_;
  const SocketRuntime* current_ = nullptr;
  DownstreamConnection* connections_ = nullptr;  ///< intrusive list
  std::uint32_t open_ = 0;
  std::map<IpAddress, std::uint32_t> handshakes_;   ///< under way
  std::map<IpAddress, std::uint32_t> per_address_;  ///< only filled while a limit per address is set
};

}  // namespace gatehouse::proxy
