// SPDX-License-Identifier: Apache-2.0
// Verdicts of active health checks: written by the one health thread, read by every worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/ir/cluster.h"

namespace gatehouse::proxy {

/// The verdicts on the endpoints of one cluster, indexed like ir::Cluster::endpoints. Made on the control
/// thread together with the runtime that shows it (ClusterRuntime::health); a verdict lives on as long as the
/// address stays listed, because every build takes over the cells of its predecessor: there is no registry.
/// A new endpoint starts healthy. Exists only for clusters with an active check. What requests meet is not
/// kept here: each worker ejects for itself (proxy/upstream/endpoint_standing.h).
class EndpointHealth {
 public:
  /// Null when the cluster has no active check. Control thread.
  static std::shared_ptr<EndpointHealth> build(const ir::Cluster& cluster, const EndpointHealth* previous);

  std::size_t size() const { return entries_.size(); }
  /// Any thread.
  bool is_healthy(std::size_t index) const {
    return entries_[index].healthy->load(std::memory_order_relaxed);
  }
  /// Changes with every verdict; what a worker looks at per request.
  std::uint32_t version() const { return version_->load(std::memory_order_acquire); }

  /// The health thread alone.
  void set_healthy(std::size_t index, bool healthy);

 private:
  struct Entry {
    std::string host;
    std::uint16_t port = 0;
    std::shared_ptr<std::atomic<bool>> healthy;
  };

  std::vector<Entry> entries_;
  std::shared_ptr<std::atomic<std::uint32_t>> version_;  ///< of the cluster, whichever runtime shows it
};

}  // namespace gatehouse::proxy
