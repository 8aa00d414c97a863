// SPDX-License-Identifier: Apache-2.0
// A cluster as one worker sees it: its endpoints, the cursor of its load balancer, leases of connections.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "proxy/upstream/endpoint.h"

namespace gatehouse::proxy {

/// A connection in use. Gives it back to its endpoint when it ends; keeps the endpoint alive until then.
class Lease {
 public:
  Lease() = default;
  Lease(Ref<Endpoint> endpoint, std::unique_ptr<Http1Client> connection)
      : endpoint_(std::move(endpoint)), connection_(std::move(connection)) {}
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&& other) noexcept {
    release();
    endpoint_ = std::move(other.endpoint_);
    connection_ = std::move(other.connection_);
    return *this;
  }
  ~Lease() { release(); }

  explicit operator bool() const { return connection_ != nullptr; }
  Http1Client& operator*() const { return *connection_; }
  Http1Client* operator->() const { return connection_.get(); }
  const SocketAddress& address() const { return endpoint_->address(); }
  void release() {
    if (connection_) endpoint_->give_back(std::move(connection_));
    endpoint_.reset();
  }

 private:
  Ref<Endpoint> endpoint_;
  std::unique_ptr<Http1Client> connection_;
};

/// Owned by the worker for as long as a runtime names its key. update() keeps the endpoints that stay, with
/// their warm connections.
class Cluster final : public RefCounted<Cluster> {
 public:
  Cluster(io::EventLoop& loop, io::BufferPool& buffers, ClusterProbe probe,
          std::shared_ptr<const ir::Cluster> config);

  void update(std::shared_ptr<const ir::Cluster> config);
  void retire();

  const std::string& key() const { return config_->key; }
  const ir::Cluster& config() const { return *config_; }
  std::size_t endpoint_count() const { return endpoints_.size(); }
  ClusterProbe& probe() { return probe_; }

  /// A warm connection of the endpoint whose turn it is, else a new one. An endpoint that cannot be reached
  /// is passed over for the next, at most kConnectRetries times (B1): nothing was sent yet, so that is always
  /// allowed. unreachable: no endpoint (B9).
  enum class Warm : std::uint8_t { allowed, no };
  Task<Result<Lease>> open(Warm warm, WaitLimits limits);
  /// The fast path of open(): a warm connection without waiting, or an empty lease.
  Lease take_warm();

  static constexpr int kConnectRetries = 2;

 private:
  friend class RefCounted<Cluster>;
  Endpoint& next_endpoint();

  io::EventLoop& loop_;
  io::BufferPool& buffers_;
  ClusterProbe probe_;  ///< its row stays the same for as long as some runtime names the cluster
  std::shared_ptr<const ir::Cluster> config_;
  std::vector<Ref<Endpoint>> endpoints_;
  std::size_t cursor_ = 0;
};

}  // namespace gatehouse::proxy
