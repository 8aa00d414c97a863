// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/cluster.h"

#include <algorithm>

namespace gatehouse::proxy {
namespace {

/// An endpoint that was ejected gets less time to show that it is back: a client waits meanwhile.
constexpr auto kProbeConnectTimeout = std::chrono::milliseconds(500);

/// Counts a request as pending while it is opened.
class Pending {
 public:
  explicit Pending(CircuitBreaker& breaker) : breaker_(&breaker) { breaker_->pending_began(); }
  ~Pending() { breaker_->pending_ended(); }

 private:
  Ref<CircuitBreaker> breaker_;
};

/// Connections that were begun for `before` may serve `after` too.
bool same_beginning(const ir::Cluster& before, const ir::Cluster& after) {
  const bool same_tls = before.tls == after.tls || (before.tls && after.tls && *before.tls == *after.tls);
  return same_tls && before.protocol == after.protocol && before.proxy_protocol == after.proxy_protocol;
}

}  // namespace

void Lease::record(UpstreamOutcome outcome) {
  if (Cluster* cluster = endpoint_->cluster()) cluster->record(*endpoint_, outcome);
}

void Lease::forget_probe() {
  if (Cluster* cluster = endpoint_->cluster()) cluster->endpoints_.forget_probe(*endpoint_);
}

Cluster::Cluster(const Surroundings& surroundings, ClusterProbe probe, const ClusterRuntime& shared)
    : loop_(surroundings.loop),
      buffers_(surroundings.buffers),
      probe_(probe),
      share_(surroundings.share),
      breaker_(new CircuitBreaker(surroundings.share)),
      endpoints_(surroundings.seed) {
  update(shared);
}

void Cluster::update(const ClusterRuntime& shared) {
  const auto make = [&](const SocketAddress& address) {
    EndpointSurroundings around{loop_, buffers_, probe_, breaker_, this};
    return Ref<Endpoint>(new Endpoint(std::move(around), address, shared.config->pool));
  };
  if (config_ && !same_beginning(*config_, *shared.config)) retire(endpoints_.clear());
  const auto gone = endpoints_.update(shared, loop_.now(), make);
  config_ = shared.config;
  tls_ = shared.tls;
  breaker_->set_limits(config_->breaker);
  budget_.set_limits(config_->retry_budget, share_);
  retire(gone);
}

void Cluster::retire() {
  retire(endpoints_.clear());
  breaker_->wake_all();
}

void Cluster::retire(const std::vector<Ref<Endpoint>>& gone) {
  for (const auto& endpoint : gone) {
    if (endpoint->standing.is_ejected()) probe_.endpoint_restored();
    endpoint->retire();
  }
}

Lease Cluster::lease(Ref<Endpoint> endpoint, std::unique_ptr<UpstreamStream> stream) {
  budget_.request_began(loop_.now());
  return Lease(std::move(endpoint), std::move(stream));
}

Lease Cluster::take_idle(Endpoint& endpoint) {
  auto connection = endpoint.take_idle();
  if (!connection) return {};
  endpoints_.begin_use(endpoint);
  return lease(Ref<Endpoint>(&endpoint), std::move(connection));
}

Lease Cluster::take_warm(const PickRequest& request) {
  if (!breaker_->admits_request()) return {};  // open() says why
  Endpoint* endpoint = endpoints_.pick(request, {}, loop_.now());
  if (!endpoint) return {};
  Lease warm = take_idle(*endpoint);
  if (!warm) endpoints_.undo_pick();  // open() continues with it
  return warm;
}

Task<Result<Lease>> Cluster::open(PickRequest request, Warm warm, WaitLimits limits) {
  const Ref<Cluster> keep_alive(this);
  // Its owner may be an endpoint that goes while we wait.
  const SocketAddress pinned = request.pinned ? *request.pinned : SocketAddress{};
  if (request.pinned) request.pinned = &pinned;
  if (!breaker_->admits_pending()) co_return overloaded("too many requests in flight");
  const Pending pending(*breaker_);
  WaitLimits patience = limits;
  patience.deadline = std::min(limits.deadline, loop_.now() + config_->pool.connect_timeout);

  std::array<SocketAddress, kConnectRetries + 1> tried;
  std::size_t attempts = 0;
  Error last{Fault::unreachable, Side::upstream, Retry::never, "no endpoint is ready"};
  while (attempts < tried.size()) {
    const Ref<Endpoint> endpoint(endpoints_.pick(request, {tried.data(), attempts}, loop_.now()));
    if (!endpoint) break;
    if (warm == Warm::allowed) {
      if (Lease idle = take_idle(*endpoint)) co_return std::move(idle);
    }
    if (!breaker_->admits_connection()) {
      endpoints_.undo_pick();
      Endpoint* other = warm == Warm::allowed && may_use_any(request)
                            ? endpoints_.find_idle(EndpointSet::Among::ready)
                            : nullptr;
      if (other) {
        if (Lease idle = take_idle(*other)) co_return std::move(idle);
      }
      const auto room = co_await make_room(patience);
      if (!room) co_return room.error();
      continue;
    }
    auto opened = co_await connect(endpoint, request.raw, limits);
    if (opened) co_return opened;
    last = opened.error();
    tried[attempts++] = endpoint->address();
    if (last.retry != Retry::safe || loop_.now() >= limits.deadline) break;
  }
  if (last.fault == Fault::unreachable) probe_.endpoint_missing();
  co_return last;
}

/// One try with one endpoint; what it shows is reported.
Task<Result<Lease>> Cluster::connect(Ref<Endpoint> endpoint, const RawDial* raw, WaitLimits limits) {
  endpoints_.begin_use(*endpoint);
  const bool is_probe = endpoint->standing.state() == EndpointStanding::State::probing;
  Duration timeout = endpoint->limits().connect_timeout;
  if (is_probe) timeout = std::min<Duration>(timeout, kProbeConnectTimeout);
  const MonoTime own_deadline = loop_.now() + timeout;
  const WaitLimits wait{std::min(limits.deadline, own_deadline), limits.cancel};
  auto connection = co_await endpoint->connect(wait, raw);
  if (connection) co_return lease(endpoint, std::move(*connection));

  const Error error = connection.error();
  const bool is_ours = error.fault == Fault::cancelled || error.fault == Fault::system;
  if (!is_ours) probe_.connect_failed();
  // A request that has hardly any time left says nothing about the endpoint.
  const bool is_cut_short = error.fault == Fault::timeout && loop_.now() < own_deadline;
  if (is_ours || is_cut_short)
    endpoints_.forget_probe(*endpoint);
  else if (endpoint->cluster())
    record(*endpoint, UpstreamOutcome::refused());
  co_return error;
}

/// Closes an idle connection where there is one, else waits for a turn.
Task<Result<void>> Cluster::make_room(WaitLimits limits) {
  if (breaker_->waiting() == 0) {
    if (Endpoint* idle = endpoints_.find_idle(EndpointSet::Among::all)) {
      idle->close_coldest();
      co_return Result<void>();
    }
  }
  co_await RoomWait(*breaker_, loop_, limits);
  if (limits.cancel && limits.cancel->fired()) {
    pass_room_on();
    co_return Error{Fault::cancelled, Side::upstream, Retry::never, "the other side went away"};
  }
  if (loop_.now() >= limits.deadline && !breaker_->admits_connection() &&
      !endpoints_.find_idle(EndpointSet::Among::all))
    co_return overloaded("too many connections");
  co_return Result<void>();
}

/// Who leaves may have been the one woken for it.
void Cluster::pass_room_on() {
  if (breaker_->admits_connection() || endpoints_.find_idle(EndpointSet::Among::all)) breaker_->room_made();
}

/// Any ready endpoint is as good as the one that was picked.
bool Cluster::may_use_any(const PickRequest& request) const {
  return !request.pinned && !request.hash && request.avoid.empty();
}

Error Cluster::overloaded(std::string_view why) {
  probe_.circuit_opened();
  return {Fault::overload, Side::upstream, Retry::never, why};
}

Result<SessionLease> Cluster::lease_session(const PickRequest& request) {
  if (!breaker_->admits_request()) return overloaded("too many requests in flight");
  if (!breaker_->admits_connection()) return overloaded("too many connections");
  Endpoint* endpoint = endpoints_.pick(request, {}, loop_.now());
  if (!endpoint) {
    probe_.endpoint_missing();
    return Error{Fault::unreachable, Side::upstream, Retry::never, "no endpoint is ready"};
  }
  endpoints_.begin_use(*endpoint);
  budget_.request_began(loop_.now());
  return SessionLease(Ref<Endpoint>(endpoint));
}

RetryPermit Cluster::may_retry() {
  if (breaker_->admits_retry() && budget_.take(loop_.now())) return RetryPermit(breaker_);
  probe_.retry_refused();
  return {};
}

const SocketAddress* Cluster::find_endpoint(std::uint64_t hash, const EndpointHasher& hasher) {
  const Endpoint* endpoint = endpoints_.find(hash, hasher);
  return endpoint ? &endpoint->address() : nullptr;
}

void Cluster::record(Endpoint& endpoint, UpstreamOutcome outcome) {
  switch (endpoints_.record(endpoint, outcome, loop_.now())) {
    case EndpointSet::Change::none:
      return;
    case EndpointSet::Change::ejected:
      return probe_.endpoint_ejected();
    case EndpointSet::Change::ejected_again:
      return probe_.endpoint_stays_ejected();
    case EndpointSet::Change::restored:
      return probe_.endpoint_restored();
  }
}

}  // namespace gatehouse::proxy
