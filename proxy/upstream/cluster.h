// SPDX-License-Identifier: Apache-2.0
// A cluster as one worker sees it: picks endpoints, leases connections, holds back what is too much.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "proxy/cluster_runtime.h"
#include "proxy/upstream/circuit_breaker.h"
#include "proxy/upstream/dial.h"
#include "proxy/upstream/endpoint_set.h"
#include "proxy/upstream/lease.h"
#include "proxy/upstream/pick_request.h"
#include "proxy/upstream/retry_budget.h"
#include "proxy/upstream/session_lease.h"

namespace gatehouse::proxy {

/// Owned by the worker for as long as a runtime names its key. update() keeps the endpoints that stay, with
/// their warm connections and their standing. Thread: the worker's.
class Cluster final : public RefCounted<Cluster> {
 public:
  struct Surroundings {
    io::EventLoop& loop;
    io::BufferPool& buffers;
    WorkerShare share;
    std::uint64_t seed = 0;  ///< differs from worker to worker
  };
  Cluster(const Surroundings& surroundings, ClusterProbe probe, const ClusterRuntime& shared);

  void update(const ClusterRuntime& shared);
  void retire();

  const std::string& key() const { return config_->key; }
  const ir::Cluster& config() const { return *config_; }
  std::size_t endpoint_count() const { return endpoints_.size(); }
  EndpointSet& endpoints() { return endpoints_; }
  const CircuitBreaker& breaker() const { return *breaker_; }
  ClusterProbe& probe() { return probe_; }
  DialPlan dial_plan() const { return {config_->protocol, config_->tls != nullptr, tls_, share_.index}; }

  /// The fast path of open(): a warm connection without waiting, or an empty lease.
  Lease take_warm(const PickRequest& request);
  /// A warm connection of the endpoint that is picked, else a new one. An endpoint that cannot be reached is
  /// passed over for another at once, at most kConnectRetries times (B1): nothing was sent yet, so that is
  /// always allowed; such failures are reported from here. Over max_connections it waits for room, at most
  /// the connect timeout. unreachable: no endpoint (B9); overload: a limit of the circuit breaker.
  enum class Warm : std::uint8_t { allowed, no };
  Task<Result<Lease>> open(PickRequest request, Warm warm, WaitLimits limits);

  /// An endpoint for a session of datagrams, by the same rules; never waits. unreachable or overload.
  Result<SessionLease> lease_session(const PickRequest& request);

  /// To be asked before a try that a route or a status asks for, and kept until that try has ended. Empty
  /// when the retry budget or the limit of retries in flight says no; the failure at hand is then final.
  RetryPermit may_retry();

  /// The endpoint that a session token names; null when it is not listed any more.
  const SocketAddress* find_endpoint(std::uint64_t hash, const EndpointHasher& hasher);

  static constexpr int kConnectRetries = 2;

 private:
  friend class RefCounted<Cluster>;
  friend class Lease;
  friend class SessionLease;

  Lease lease(Ref<Endpoint> endpoint, std::unique_ptr<UpstreamStream> stream);
  Lease take_idle(Endpoint& endpoint);
  Task<Result<Lease>> connect(Ref<Endpoint> endpoint, const RawDial* raw, WaitLimits limits);
  Task<Result<void>> make_room(WaitLimits limits);
  void pass_room_on();
  bool may_use_any(const PickRequest& request) const;
  Error overloaded(std::string_view why);
  void record(Endpoint& endpoint, UpstreamOutcome outcome);
  void retire(const std::vector<Ref<Endpoint>>& gone);

  io::EventLoop& loop_;
  io::BufferPool& buffers_;
  ClusterProbe probe_;  ///< its row stays the same for as long as some runtime names the cluster
  WorkerShare share_;
  Ref<CircuitBreaker> breaker_;
  RetryBudget budget_;
  std::shared_ptr<const ir::Cluster> config_;
  std::shared_ptr<const tls::ClientContext> tls_;
  EndpointSet endpoints_;
};

}  // namespace gatehouse::proxy
