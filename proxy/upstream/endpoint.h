// SPDX-License-Identifier: Apache-2.0
// One address of a cluster as one worker sees it, with its warm connections.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/io/buffer_pool.h"
#include "base/io/socket.h"
#include "base/ip.h"
#include "base/ref.h"
#include "config/ir/cluster.h"
#include "proxy/cluster_probe.h"
#include "proxy/upstream/http1_client.h"

namespace gatehouse::proxy {

/// Lives as long as its cluster lists it or a connection of it serves; counted on its worker.
/// Idle connections are reused last in, first out: the warmest first, the surplus ages out (L4).
class Endpoint final : public RefCounted<Endpoint> {
 public:
  Endpoint(io::EventLoop& loop, io::BufferPool& buffers, ClusterProbe probe, SocketAddress address,
           ir::PoolLimits limits);
  ~Endpoint();

  const SocketAddress& address() const { return address_; }
  void set_limits(const ir::PoolLimits& limits) { limits_ = limits; }
  const ir::PoolLimits& limits() const { return limits_; }

  /// A warm connection on which nothing has happened, or null.
  std::unique_ptr<Http1Client> take_idle();
  /// A new connection; refused, timeout or system (Retry::safe: nothing was sent).
  Task<Result<std::unique_ptr<Http1Client>>> connect(WaitLimits limits);
  /// Keeps a reusable connection warm, closes any other.
  void give_back(std::unique_ptr<Http1Client> connection);

  /// No longer listed: idle connections close now, leased ones when they are given back.
  void retire();

  std::size_t idle_count() const { return idle_.size(); }
  std::uint32_t in_use() const { return in_use_; }

 private:
  friend class RefCounted<Endpoint>;
  struct Idle;
  bool is_worth_keeping(const Http1Client& connection) const;
  void drop(Idle& idle);

  io::EventLoop& loop_;
  io::BufferPool& buffers_;
  ClusterProbe probe_;  ///< of the cluster that listed it first
  SocketAddress address_;
  ir::PoolLimits limits_;
  std::vector<std::unique_ptr<Idle>> idle_;
  std::vector<std::unique_ptr<Idle>>
      spare_;  ///< empty shells, so that parking a connection allocates nothing
  std::uint32_t in_use_ = 0;
  bool retired_ = false;
};

}  // namespace gatehouse::proxy
