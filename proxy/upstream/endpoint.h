// SPDX-License-Identifier: Apache-2.0
// One address of a cluster as one worker sees it, with its warm connections.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/io/buffer_pool.h"
#include "base/io/signal.h"
#include "base/io/socket.h"
#include "base/ip.h"
#include "base/ref.h"
#include "config/ir/cluster.h"
#include "proxy/cluster_probe.h"
#include "proxy/upstream/circuit_breaker.h"
#include "proxy/upstream/endpoint_standing.h"
#include "proxy/upstream/http1_client.h"
#include "proxy/upstream/http2_link.h"
#include "tls/session_slot.h"

namespace gatehouse::proxy {

class Cluster;

/// What an endpoint gets from the cluster that lists it.
struct EndpointSurroundings {
  io::EventLoop& loop;
  io::BufferPool& buffers;
  ClusterProbe probe;  ///< of the cluster that listed it first
  Ref<CircuitBreaker> breaker;
  Cluster* cluster = nullptr;
};

/// Lives as long as its cluster lists it or a connection of it serves; counted on its worker.
/// Idle connections are reused last in, first out: the warmest first, the surplus ages out (L4).
class Endpoint final : public RefCounted<Endpoint> {
 public:
  Endpoint(EndpointSurroundings surroundings, SocketAddress address, ir::PoolLimits limits);
  ~Endpoint();

  const SocketAddress& address() const { return address_; }
  void set_limits(const ir::PoolLimits& limits) { limits_ = limits; }
  const ir::PoolLimits& limits() const { return limits_; }

  /// A stream of an HTTP/2 connection that has room for one, or a warm HTTP/1 connection on which nothing has
  /// happened; else null.
  std::unique_ptr<UpstreamStream> take_idle();
  /// Null when it is listed no more.
  Cluster* cluster() const { return around_.cluster; }

  /// A new connection; refused, timeout or system (Retry::safe: nothing was sent). Where HTTP/2 is spoken,
  /// who comes while one is opened waits for it instead of opening another. With `raw` its own, whatever is
  /// spoken otherwise.
  Task<Result<std::unique_ptr<UpstreamStream>>> connect(WaitLimits limits, const RawDial* raw = nullptr);
  /// Keeps a reusable connection warm, closes any other.
  void give_back(std::unique_ptr<UpstreamStream> stream);
  /// A session that does without our connections; counted like one of them with a request on it.
  void begin_session();
  void end_session();
  /// Makes room for a connection elsewhere: closes the idle one that was used longest ago.
  void close_coldest();

  /// No longer listed: idle connections close now, leased ones when they are given back.
  void retire();

  std::size_t idle_count() const { return idle_.size() + idle_links_; }
  std::uint32_t in_use() const { return in_use_; }
  /// Requests on it, or on their way to it.
  std::uint32_t load() const { return in_use_ + connecting_; }
  // for its HTTP/2 connections
  void link_busy();
  void link_idle();
  /// Its peer has said how many streams it takes.
  void link_changed() { dialed_.raise(); }
  /// It is over; `link` may end with the call.
  void forget(Http2Link& link);

  /// Its number in session tokens, worked out once.
  std::uint64_t name_hash(const EndpointHasher& hasher) {
    if (!name_hash_) name_hash_ = hasher.hash(address_);
    return *name_hash_;
  }

  /// Where it stands among its cluster's endpoints; the EndpointSet's.
  struct Placing {
    MonoTime since{};  ///< new or well again since then; none: has served from the beginning
    std::uint8_t priority = 0;
    bool healthy = true;  ///< the active check's last verdict
    bool ready = false;
  };
  Placing placing;
  EndpointStanding standing;

 private:
  friend class RefCounted<Endpoint>;
  struct Idle;
  bool is_worth_keeping(const Http1Client& connection) const;
  void drop(Idle& idle);
  void count_closed();
  Task<Result<std::unique_ptr<UpstreamStream>>> connect_counted(WaitLimits limits);
  void park(std::unique_ptr<Http1Client> connection);
  using Connecting = Task<Result<std::unique_ptr<UpstreamStream>>>;
  Connecting connect_or_join(WaitLimits limits);
  Connecting connect_raw(RawDial raw, WaitLimits limits);
  std::unique_ptr<UpstreamStream> take_stream();
  Result<std::unique_ptr<UpstreamStream>> begin_link(io::Socket& connected);
  bool speaks_http2() const;
  /// A connection is on its way, or does not know yet how many streams it may carry.
  bool expects_room() const;

  EndpointSurroundings around_;
  SocketAddress address_;
  ir::PoolLimits limits_;
  std::vector<std::unique_ptr<Idle>> idle_;
  std::vector<std::unique_ptr<Idle>>
      spare_;                          ///< empty shells, so that parking a connection allocates nothing
  std::vector<Ref<Http2Link>> links_;  ///< HTTP/2 connections, the oldest first
  std::uint32_t idle_links_ = 0;       ///< those without a stream
  io::Signal dialed_;
  std::optional<Error> dial_error_;  ///< how the last one went, for those who waited for it
  bool is_dialing_ = false;
  bool negotiated_http2_ = false;
  std::uint32_t in_use_ = 0;
  std::uint32_t connecting_ = 0;
  Ref<tls::SessionSlot> session_;  ///< shortens the next TLS handshake
  std::optional<std::uint64_t> name_hash_;
  bool retired_ = false;
};

}  // namespace gatehouse::proxy
