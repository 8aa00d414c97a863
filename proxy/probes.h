// SPDX-License-Identifier: Apache-2.0
// All metrics of the data path: the tables, each worker's way into them, and /metrics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "proxy/cluster_probe.h"
#include "proxy/l4_probe.h"
#include "proxy/process_probe.h"
#include "proxy/route_probe.h"
#include "proxy/worker_probe.h"

namespace gatehouse::proxy {

/// One worker's probes. A copy of two words; thread: that worker.
class WorkerProbes {
 public:
  WorkerProbe worker() const { return WorkerProbe(workers_->row(shard_, 0)); }
  /// `slot` is Lease::slot() of a lease that the worker's runtime holds.
  RouteProbe route(std::uint32_t slot) const { return RouteProbe(routes_->row(shard_, slot)); }
  ClusterProbe cluster(std::uint32_t slot) const { return ClusterProbe(clusters_->row(shard_, slot)); }
  L4Probe l4_route(std::uint32_t slot) const { return L4Probe(l4_routes_->row(shard_, slot)); }
  /// Which of how many workers.
  std::size_t worker_index() const { return shard_; }
  std::size_t worker_count() const { return routes_->shards(); }
  /// Requests that met no route, or were refused before one was looked for.
  RouteProbe no_route() const { return route(no_route_slot_); }

 private:
  friend class Probes;
  WorkerProbes(const metrics::Table& workers, const metrics::Table& routes, const metrics::Table& clusters,
               const metrics::Table& l4_routes, std::size_t shard)
      : workers_(&workers), routes_(&routes), clusters_(&clusters), l4_routes_(&l4_routes), shard_(shard) {}

  const metrics::Table* workers_;
  const metrics::Table* routes_;
  const metrics::Table* clusters_;
  const metrics::Table* l4_routes_;
  std::size_t shard_;
  std::uint32_t no_route_slot_ = 0;
};

/// Owned by the application, made before the workers, destroyed after every runtime.
class Probes {
 public:
  static constexpr std::size_t kDefaultMaxSeries = 2'000;

  /// `max_series` bounds the routes and the clusters that have series of their own, each.
  explicit Probes(std::size_t workers, std::size_t max_series = kDefaultMaxSeries);

  /// Control thread, while a runtime is built; the runtime keeps the lease. `key` is HttpRoute::key or
  /// Cluster::key.
  metrics::Lease lease_route(std::string_view key) { return routes_.lease(key); }
  metrics::Lease lease_cluster(std::string_view key) { return clusters_.lease(key); }
  metrics::Lease lease_l4_route(std::string_view key) { return l4_routes_.lease(key); }

  WorkerProbes of_worker(std::size_t index) const;
  /// The health thread counts beside the workers. `slot` as in WorkerProbes.
  ClusterProbe of_health_thread(std::uint32_t slot) const {
    return ClusterProbe(clusters_.row(routes_.shards(), slot));
  }
  ProcessProbe& process() { return process_; }

  /// Prometheus text. Any thread.
  std::string render() const;

 private:
  metrics::Table workers_;
  metrics::Table routes_;
  metrics::Table clusters_;  ///< one shard more: the health thread's
  metrics::Table l4_routes_;
  metrics::Lease no_route_;  ///< after routes_: dropped before it
  ProcessProbe process_;
};

}  // namespace gatehouse::proxy
