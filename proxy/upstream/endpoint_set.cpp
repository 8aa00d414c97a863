// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/endpoint_set.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "routing/balance/random.h"

namespace gatehouse::proxy {
namespace {

using Kind = ir::LoadBalancer::Kind;
using Verdict = EndpointStanding::Verdict;

constexpr int kSlowStartSteps = 32;  ///< a share is looked at again this often while it grows

bool contains(std::span<const SocketAddress> addresses, const SocketAddress& address) {
  return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}

}  // namespace

std::vector<Ref<Endpoint>> EndpointSet::update(const ClusterRuntime& cluster, MonoTime now,
                                               const Make& make) {
  const bool is_first = !config_;
  std::map<SocketAddress, Ref<Endpoint>> known;
  for (auto& endpoint : endpoints_)
    if (endpoint) known.emplace(endpoint->address(), std::move(endpoint));

  const auto& wanted = cluster.config->endpoints;
  std::vector<Ref<Endpoint>> next(wanted.size());
  by_address_.clear();
  by_hash_.clear();
  for (std::uint32_t i = 0; i < wanted.size(); ++i) {
    const auto ip = IpAddress::parse(wanted[i].host);
    if (!ip) continue;  // a DNS name that has not been resolved yet
    const SocketAddress address{*ip, wanted[i].port};
    if (const auto at = known.find(address); at != known.end() && at->second) {
      next[i] = std::move(at->second);
    } else {
      next[i] = make(address);
      // Those of the beginning start together: there is nobody to take the load meanwhile.
      if (!is_first) next[i]->placing.since = now;
    }
    next[i]->placing.priority = wanted[i].priority;
    by_address_.emplace_back(address, i);
  }
  std::sort(by_address_.begin(), by_address_.end());

  std::vector<Ref<Endpoint>> gone;
  for (auto& [address, endpoint] : known)
    if (endpoint) gone.push_back(std::move(endpoint));
  endpoints_ = std::move(next);
  size_ = by_address_.size();
  config_ = cluster.config;
  table_ = cluster.table;
  health_ = cluster.health;
  stale_ = true;
  return gone;
}

std::vector<Ref<Endpoint>> EndpointSet::clear() {
  std::vector<Ref<Endpoint>> gone;
  for (auto& endpoint : endpoints_)
    if (endpoint) gone.push_back(std::move(endpoint));
  endpoints_.clear();
  by_address_.clear();
  by_hash_.clear();
  table_.reset();
  health_.reset();
  size_ = 0;
  stale_ = true;
  return gone;
}

void EndpointSet::refresh(MonoTime now) {
  if (health_) seen_version_ = health_->version();
  stale_ = false;
  next_change_ = MonoTime::max();
  usable_ = ejected_ = 0;
  for (std::uint32_t i = 0; i < endpoints_.size(); ++i)
    if (endpoints_[i]) judge(*endpoints_[i], i, now);
  list_ready(now);
}

void EndpointSet::judge(Endpoint& endpoint, std::uint32_t index, MonoTime now) {
  auto& placing = endpoint.placing;
  auto& standing = endpoint.standing;
  if (standing.state() == EndpointStanding::State::ejected) {
    if (now >= standing.ejected_until())
      standing.open_half();
    else
      next_change_ = std::min(next_change_, standing.ejected_until());
  }
  const bool healthy = !health_ || health_->is_healthy(index);
  if (healthy && !placing.healthy) placing.since = now;
  placing.healthy = healthy;
  usable_ += healthy && !standing.is_ejected() ? 1 : 0;
  ejected_ += standing.is_ejected() ? 1 : 0;
}

void EndpointSet::list_ready(MonoTime now) {
  panic_ = usable_ == 0;
  const auto usable = [this](const Endpoint& endpoint) {
    return panic_ || (endpoint.placing.healthy && !endpoint.standing.is_ejected());
  };
  unsigned level = UINT8_MAX;
  for (const auto& endpoint : endpoints_)
    if (endpoint && usable(*endpoint)) level = std::min<unsigned>(level, endpoint->placing.priority);

  ready_.clear();
  half_open_.clear();
  for (std::uint32_t i = 0; i < endpoints_.size(); ++i) {
    if (!endpoints_[i]) continue;
    Endpoint& endpoint = *endpoints_[i];
    const bool ready = usable(endpoint) && endpoint.placing.priority == level;
    const bool half_open = endpoint.placing.healthy && endpoint.placing.priority <= level &&
                           endpoint.standing.state() == EndpointStanding::State::half_open;
    if (ready) ready_.push_back({i, share_of(endpoint, now)});
    if (half_open) half_open_.push_back(i);
    endpoint.placing.ready = ready || half_open;
  }
}

std::uint16_t EndpointSet::share_of(const Endpoint& endpoint, MonoTime now) {
  const Duration window = config_->load_balancer.slow_start;
  if (window.count() == 0 || endpoint.placing.since == MonoTime{}) return routing::balance::kFullShare;
  const auto share = routing::balance::slow_start_share(now - endpoint.placing.since, window);
  if (share != routing::balance::kFullShare)
    next_change_ = std::min(next_change_, now + window / kSlowStartSteps);
  return share;
}

Endpoint* EndpointSet::pick(const PickRequest& request, std::span<const SocketAddress> also_avoid,
                            MonoTime now) {
  if (is_stale(now)) refresh(now);
  if (ready_.empty()) return nullptr;
  const auto is_avoided = [&](const Endpoint& endpoint) {
    return contains(request.avoid, endpoint.address()) || contains(also_avoid, endpoint.address());
  };
  if (request.pinned) {
    Endpoint* pinned = find(*request.pinned);
    const bool usable = pinned && (panic_ || (pinned->placing.healthy && pinned->standing.is_pickable()));
    if (usable && !is_avoided(*pinned)) return pinned;
  }
  if (!half_open_.empty() && !(table_ && request.hash)) {
    Endpoint* probed = endpoints_[half_open_.back()].get();
    if (!is_avoided(*probed)) return probed;
  }
  Endpoint* picked = endpoints_[balance(request)].get();
  if (request.avoid.empty() && also_avoid.empty()) return picked;
  if (!is_avoided(*picked)) return picked;
  Endpoint* other = pick_around(request, also_avoid);
  return other ? other : picked;
}

std::uint32_t EndpointSet::balance(const PickRequest& request) {
  if (table_ && request.hash) {
    const auto found = table_->find(
        *request.hash, [this](std::uint32_t i) { return endpoints_[i] && endpoints_[i]->placing.ready; });
    if (found != table_->kNone) return found;
  }
  switch (config_->load_balancer.kind) {
    case Kind::round_robin:
      return round_robin_.pick(ready_, dice_);
    case Kind::least_request:
      return routing::balance::pick_least_loaded(ready_, dice_,
                                                 [this](std::uint32_t i) { return endpoints_[i]->load(); });
    default:
      return routing::balance::pick_random(ready_, dice_);
  }
}

/// Somebody not tried yet: of the ready ones if possible, else the most promising of the others.
Endpoint* EndpointSet::pick_around(const PickRequest& request, std::span<const SocketAddress> also_avoid) {
  const auto is_avoided = [&](const Endpoint& endpoint) {
    return contains(request.avoid, endpoint.address()) || contains(also_avoid, endpoint.address());
  };
  if (table_ && request.hash) {
    const auto found = table_->find(*request.hash, [&](std::uint32_t i) {
      return endpoints_[i] && endpoints_[i]->placing.ready && !is_avoided(*endpoints_[i]);
    });
    if (found != table_->kNone) return endpoints_[found].get();
  }
  const auto count = endpoints_.size();
  const auto start = dice_.below(static_cast<std::uint32_t>(count));
  Endpoint* best = nullptr;
  const auto rank = [](const Endpoint& endpoint) {
    const auto& placing = endpoint.placing;
    return std::make_tuple(!placing.ready, endpoint.standing.is_ejected(), !placing.healthy,
                           placing.priority);
  };
  for (std::size_t i = 0; i < count; ++i) {
    Endpoint* endpoint = endpoints_[(start + i) % count].get();
    if (!endpoint || is_avoided(*endpoint)) continue;
    if (!best || rank(*endpoint) < rank(*best)) best = endpoint;
  }
  return best;
}

Endpoint* EndpointSet::find_idle(Among among) const {
  for (const auto& endpoint : endpoints_)
    if (endpoint && endpoint->idle_count() != 0 && (among == Among::all || endpoint->placing.ready))
      return endpoint.get();
  return nullptr;
}

Endpoint* EndpointSet::find(const SocketAddress& address) const {
  const auto at = std::lower_bound(by_address_.begin(), by_address_.end(), address,
                                   [](const auto& entry, const SocketAddress& a) { return entry.first < a; });
  return at != by_address_.end() && at->first == address ? endpoints_[at->second].get() : nullptr;
}

Endpoint* EndpointSet::find(std::uint64_t hash, const EndpointHasher& hasher) {
  if (by_hash_.empty() && size_ != 0) {
    for (const auto& [address, index] : by_address_)
      by_hash_.emplace_back(endpoints_[index]->name_hash(hasher), index);
    std::sort(by_hash_.begin(), by_hash_.end());
  }
  const auto at = std::lower_bound(by_hash_.begin(), by_hash_.end(), hash,
                                   [](const auto& entry, std::uint64_t h) { return entry.first < h; });
  return at != by_hash_.end() && at->first == hash ? endpoints_[at->second].get() : nullptr;
}

EndpointSet::Change EndpointSet::record(Endpoint& endpoint, UpstreamOutcome outcome, MonoTime now) {
  if (is_stale(now)) refresh(now);
  const bool was_ejected = endpoint.standing.is_ejected();
  const Verdict verdict = endpoint.standing.record(outcome, now, config_->passive_health);
  switch (verdict) {
    case Verdict::nothing:
      return Change::none;
    case Verdict::restored:
      endpoint.placing.since = now;
      stale_ = true;
      return Change::restored;
    case Verdict::unreachable:
    case Verdict::failing:
      break;
  }
  if (!was_ejected && !may_eject(endpoint, verdict)) return Change::none;
  endpoint.standing.eject(now, config_->passive_health);
  stale_ = true;
  return was_ejected ? Change::ejected_again : Change::ejected;
}

/// B11. The share of ejected ones is limited where a request may be to blame; an endpoint that cannot be
/// connected to is of no use to anybody.
bool EndpointSet::may_eject(const Endpoint& endpoint, Verdict verdict) const {
  const std::uint32_t percent = config_->passive_health.max_ejected_percent;
  const std::size_t others = usable_ - (endpoint.placing.healthy ? 1 : 0);
  if (others == 0 || percent == 0) return false;
  if (verdict == Verdict::unreachable || ejected_ == 0) return true;
  return (ejected_ + 1) * 100 <= size_ * percent;
}

}  // namespace gatehouse::proxy
