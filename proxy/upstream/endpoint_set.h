// SPDX-License-Identifier: Apache-2.0
// The endpoints of a cluster on one worker: which may be picked now, and whose turn it is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "proxy/cluster_runtime.h"
#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/pick_request.h"
#include "routing/balance/candidate.h"
#include "routing/balance/dice.h"
#include "routing/balance/round_robin.h"

namespace gatehouse::proxy {

/// Ready are those of the lowest priority that has a usable endpoint (B12): usable = not ejected by what
/// requests met, not failing its active check. When none is usable at all, all of them are ready: a guess is
/// better than a certain refusal (B11). The list of ready ones is made anew when something changed, not per
/// pick. Owned by its Cluster. Thread: the worker's.
class EndpointSet {
 public:
  explicit EndpointSet(std::uint64_t seed) : dice_(seed), round_robin_(dice_.next()) {}

  /// Keeps the endpoints that stay, with their connections and their standing. `make` is asked for new ones.
  /// Returns those that are gone.
  using Make = std::function<Ref<Endpoint>(const SocketAddress&)>;
  std::vector<Ref<Endpoint>> update(const ClusterRuntime& cluster, MonoTime now, const Make& make);
  std::vector<Ref<Endpoint>> clear();

  /// Null only when there is no endpoint at all. `also_avoid` adds to request.avoid; when nothing else is
  /// left, an avoided one is picked again.
  Endpoint* pick(const PickRequest& request, std::span<const SocketAddress> also_avoid, MonoTime now);
  /// The last pick was not used: its turn comes again.
  void undo_pick() { round_robin_.step_back(); }
  /// Some endpoint with an idle connection, a ready one if `among` says so; null: none.
  enum class Among : std::uint8_t { ready, all };
  Endpoint* find_idle(Among among) const;

  Endpoint* find(const SocketAddress& address) const;
  Endpoint* find(std::uint64_t hash, const EndpointHasher& hasher);

  /// `endpoint` is about to be used: if it is half open, this use is the probe.
  void begin_use(Endpoint& endpoint) {
    if (endpoint.standing.state() != EndpointStanding::State::half_open) return;
    endpoint.standing.begin_probe();
    stale_ = true;
  }
  void forget_probe(Endpoint& endpoint) {
    endpoint.standing.forget_probe();
    stale_ = true;
  }
  /// Counts the end of a try and draws the consequence.
  enum class Change : std::uint8_t { none, ejected, ejected_again, restored };
  Change record(Endpoint& endpoint, UpstreamOutcome outcome, MonoTime now);

  std::size_t size() const { return size_; }
  std::size_t ready_count(MonoTime now) {
    if (is_stale(now)) refresh(now);
    return ready_.size();
  }
  bool is_in_panic() const { return panic_; }

 private:
  using Candidate = routing::balance::Candidate;

  bool is_stale(MonoTime now) const {
    return stale_ || now >= next_change_ || (health_ && health_->version() != seen_version_);
  }
  void refresh(MonoTime now);
  void judge(Endpoint& endpoint, std::uint32_t index, MonoTime now);
  void list_ready(MonoTime now);
  std::uint16_t share_of(const Endpoint& endpoint, MonoTime now);
  std::uint32_t balance(const PickRequest& request);
  Endpoint* pick_around(const PickRequest& request, std::span<const SocketAddress> also_avoid);
  bool may_eject(const Endpoint& endpoint, EndpointStanding::Verdict verdict) const;

  std::shared_ptr<const ir::Cluster> config_;
  std::shared_ptr<const routing::balance::HashTable> table_;
  std::shared_ptr<EndpointHealth> health_;
  std::vector<Ref<Endpoint>> endpoints_;  ///< like config_->endpoints; null: a name without an address yet
  std::vector<std::pair<SocketAddress, std::uint32_t>> by_address_;  ///< sorted
  std::vector<std::pair<std::uint64_t, std::uint32_t>> by_hash_;     ///< sorted; made when first needed
  std::size_t size_ = 0;

  routing::balance::Dice dice_;
  routing::balance::RoundRobin round_robin_;
  std::vector<Candidate> ready_;
  std::vector<std::uint32_t> half_open_;  ///< wait for the request that probes them
  std::size_t usable_ = 0;
  std::size_t ejected_ = 0;
  std::uint32_t seen_version_ = 0;
  MonoTime next_change_ = MonoTime::max();
  bool stale_ = true;
  bool panic_ = false;
};

}  // namespace gatehouse::proxy
