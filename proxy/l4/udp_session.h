// SPDX-License-Identifier: Apache-2.0
// One UDP client's datagrams to one endpoint, and the answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/io/event_loop.h"
#include "proxy/l4/datagram_batch.h"
#include "proxy/upstream/session_lease.h"
#include "proxy/worker_context.h"

namespace gatehouse::proxy {

/// Whose session it is: `local` is the address of ours that the client talks to, where one socket has
/// several.
struct UdpClient {
  SocketAddress address;
  std::optional<IpAddress> local;
  bool operator==(const UdpClient&) const = default;
};

class UdpListener;

/// Owned by its listener. Has drawn its cluster once, by weight; keeps its endpoint as long as that is
/// listed. A session that drew a backend which cannot be used drops what comes, and keeps its share. Thread:
/// its worker.
class UdpSession final : private io::EventSink, private io::Waiter, private io::Timer {
 public:
  UdpSession(UdpListener& listener, const UdpClient& client, const L4RouteRuntime& route);
  ~UdpSession();
  UdpSession(const UdpSession&) = delete;
  UdpSession& operator=(const UdpSession&) = delete;

  const UdpClient& client() const { return client_; }
  /// Datagrams [begin, end) of the listener's batch came from the client.
  void pass_up(DatagramBatch& batch, unsigned begin, unsigned end);
  /// The configuration changed: lets go of an endpoint that is listed no more, and draws anew where the route
  /// leads elsewhere.
  void adopt(const L4RouteRuntime& route);

 private:
  void on_events(std::uint32_t events) override;
  static void on_readable(io::Waiter& self);
  static void on_timeout(io::Timer& self);

  void draw(const L4RouteRuntime& route);
  bool connect();
  void disconnect();
  void drain();
  /// False when nothing more is to be taken now.
  bool pass_down(DatagramBatch& batch);
  void refused();
  void dropped(unsigned count);
  void was_active();
  WorkerContext& worker() const;
  void log();

  UdpListener& listener_;
  UdpClient client_;
  std::string route_key_;
  std::uint32_t route_id_;
  L4Probe probe_;
  std::uint32_t cluster_id_ = routing::kNoCluster;
  Ref<Cluster> cluster_;
  SessionLease lease_;
  std::optional<SocketAddress> refused_by_;  ///< not picked again while others are there
  std::string endpoint_;                     ///< the last one, for the log
  std::string_view reason_;
  int fd_ = -1;
  bool counted_ = false;
  bool answered_ = false;  ///< by this endpoint
  MonoTime started_;
  MonoTime active_;
  std::uint64_t bytes_up_ = 0;
  std::uint64_t bytes_down_ = 0;
};

}  // namespace gatehouse::proxy
