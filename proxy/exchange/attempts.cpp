// SPDX-License-Identifier: Apache-2.0
// From the edited request to a final response head: connections, tries and what is tried again.
#include <algorithm>
#include <memory>

#include "base/io/sleep.h"
#include "proxy/exchange/exchange.h"
#include "proxy/filters/hash_input.h"
#include "proxy/http/hop_headers.h"
#include "proxy/http/proxy_protocol.h"

namespace gatehouse::proxy {
namespace {

constexpr int kMaxInterimResponses = 16;  // F24
constexpr std::size_t kMostAvoided = 8;
constexpr int kMostBackoffFactor = 10;
constexpr auto kBackoffSlice = std::chrono::milliseconds(250);

bool is_idempotent(http::Method method) {
  switch (method) {
    case http::Method::get:
    case http::Method::head:
    case http::Method::put:
    case http::Method::delete_:
    case http::Method::options:
    case http::Method::trace:
      return true;
    default:
      return false;
  }
}

bool lists(const std::vector<std::uint16_t>& codes, std::uint16_t status) {
  return std::find(codes.begin(), codes.end(), status) != codes.end();
}

}  // namespace

Task<Result<void>> Exchange::reach_upstream() {
  for (auto warm = Cluster::Warm::allowed;;) {
    if (rule_->has_timeouts && rule_->timeouts.backend_request.count() != 0)
      deadlines_.attempt = worker_.loop.now() + rule_->timeouts.backend_request;
    auto tried = co_await open_upstream(warm);
    if (tried) {
      const Chunk first = first_chunk();
      const auto sent = co_await upstream_->send_head(scratch_.request, first, upstream_limits());
      tried = request_sent(sent, first);
      if (tried) tried = co_await read_response_head();
    }
    report(tried);
    const Again again = try_again(tried);
    if (again == Again::no) {
      if (!tried) co_return explain(tried.error());
      settle_upload();
      co_return tried;
    }
    co_await stop_upload();
    upstream_.release();
    upload_started_ = false;
    if (again == Again::after_backoff) co_await back_off();
    warm = again == Again::on_new_connection ? Cluster::Warm::no : Cluster::Warm::allowed;
  }
}

/// Without waiting when a warm connection is there.
Task<Result<void>> Exchange::open_upstream(Cluster::Warm warm) {
  Cluster* cluster = worker_.cluster(outcome_.cluster_id);
  if (!cluster) {
    const Error gone{Fault::unreachable, Side::upstream, Retry::never, "the cluster is gone"};
    return Task<Result<void>>::ready(gone);
  }
  read_timeout_ = cluster->config().pool.read_timeout;
  if (grpc_ != http::GrpcKind::none) read_timeout_ = std::max(read_timeout_, limits_.tunnel_idle_timeout);
  if (warm == Cluster::Warm::allowed) upstream_ = cluster->take_warm(pick_request(*cluster));
  if (!upstream_) return connect_upstream(warm);
  begin_try(*cluster);
  return Task<Result<void>>::ready(Result<void>());
}

Task<Result<void>> Exchange::connect_upstream(Cluster::Warm warm) {
  const Ref<Cluster> cluster(worker_.cluster(outcome_.cluster_id));  // a change may drop it while we connect
  auto opened = co_await cluster->open(pick_request(*cluster), warm, upstream_limits());
  if (!opened) {
    auto error = opened.error();
    if (is_overdue()) error.retry = Retry::never;
    co_return error;
  }
  upstream_ = std::move(*opened);
  begin_try(*cluster);
  co_return Result<void>();
}

void Exchange::begin_try(Cluster& cluster) {
  outcome_.endpoint = upstream_.address();
  cluster.probe().request_sent();
  upstream_->begin_exchange(scratch_.arena);
}

PickRequest Exchange::pick_request(Cluster& cluster) const {
  PickRequest wanted;
  wanted.avoid = tried_;
  const auto& sources = cluster.config().load_balancer.hash;
  if (!sources.empty()) wanted.hash = hash_request(sources, scratch_.request, forwarded_.client);
  if (session_.is_active()) wanted.pinned = session_.endpoint_in(cluster);
  if (cluster.config().proxy_protocol != ir::ProxyProtocolOut::off) wanted.raw = introduce(cluster);
  return wanted;
}

/// A connection of this client's own, with its address in front. HTTP knows no port of the client.
const RawDial* Exchange::introduce(const Cluster& cluster) const {
  const bool is_v1 = cluster.config().proxy_protocol == ir::ProxyProtocolOut::v1;
  const auto header = http::write_proxy_header(is_v1 ? http::ProxyVersion::v1 : http::ProxyVersion::v2,
                                               {SocketAddress{peer_.address, 0}, socket_.address});
  void* room = scratch_.arena.allocate(sizeof(RawDial) + alignof(RawDial));
  std::size_t space = sizeof(RawDial) + alignof(RawDial);
  room = std::align(alignof(RawDial), sizeof(RawDial), room, space);
  return new (room) RawDial{true, scratch_.arena.copy(header)};
}

/// What of the body goes out with the head: all that was kept for a second try, else what the stream has.
Chunk Exchange::first_chunk() {
  held_ = 0;
  // W2: what a client sends behind a request without a body waits for the tunnel.
  if (scratch_.request.framing.kind == http::BodyKind::none) return {{}, true};
  if (replay_.has_bytes()) {
    const bool trailers_follow = wants_trailers_ && !stream_->trailers().empty();
    return {replay_.bytes(), replay_.is_complete() && !trailers_follow};
  }
  const Chunk first = with_head(*stream_);
  held_ = first.data.size();
  return first;
}

/// A backend may answer and close before it has read everything: the answer counts (B8).
Result<void> Exchange::request_sent(const Result<void>& sent, Chunk first) {
  if (!sent && sent.error().fault != Fault::reset) return sent.error();
  outcome_.request_bytes = first.data.size();
  if (first.end && !mirrors_.empty()) start_mirrors(first.data);
  if (sent && !first.end) start_upload(first);
  return {};
}

/// The bytes that went out with the head are not needed for another try.
void Exchange::settle_upload() {
  if (!upload_started_) stream_->consume_body(held_);
  held_ = 0;
}

void Exchange::report(const Result<void>& tried) {
  retry_permit_.release();
  if (tried) return upstream_.report(UpstreamOutcome::answered(scratch_.response.status));
  const Error& error = tried.error();
  count_upstream_failure(error);
  if (error.side != Side::upstream || !upstream_ || died_idle(error)) return;
  if (error.fault == Fault::timeout) upstream_.report(UpstreamOutcome::timeout());
  const bool broke =
      error.fault == Fault::reset || error.fault == Fault::closed || error.fault == Fault::bad_request;
  if (broke) upstream_.report(UpstreamOutcome::reset());
}

Exchange::Again Exchange::try_again(const Result<void>& tried) {
  if (tried && rule_->retry_attempts == 0) return Again::no;
  Cluster* cluster = worker_.cluster(outcome_.cluster_id);
  if (!cluster || worker_.loop.now() >= std::min(deadlines_.request, deadlines_.stream) ||
      stream_->peer_gone().fired())
    return Again::no;
  if (!tried && !replaced_idle_ && died_idle(tried.error()) && !upload_started_) {
    replaced_idle_ = true;
    cluster->probe().request_retried();
    return Again::on_new_connection;
  }
  if (tries_ >= rule_->retry_attempts || !is_worth_retrying(tried) || !may_send_again()) return Again::no;
  retry_permit_ = cluster->may_retry();
  if (!retry_permit_) return Again::no;
  ++tries_;
  cluster->probe().request_retried();
  remember_endpoint();
  return Again::after_backoff;
}

/// B2: a warm connection that died before the first byte of the answer was probably closed by the backend
/// while idle.
bool Exchange::died_idle(const Error& error) const {
  if (error.side != Side::upstream || !upstream_) return false;
  // RFC 9113 8.7: a refused stream, or one above a GOAWAY, was not processed, whatever its method.
  if (error.retry == Retry::safe) return upstream_->nothing_received();
  if (error.retry != Retry::if_reused) return false;
  return upstream_->is_reused() && upstream_->nothing_received() && is_idempotent(scratch_.request.method);
}

/// Gateway API v1.7 HTTPRouteRetry: what was not processed, and the listed codes, also where they are ours.
bool Exchange::is_worth_retrying(const Result<void>& tried) const {
  const auto& retry = rule_->rule->retry;
  if (tried) return lists(retry.codes, scratch_.response.status);
  const Error& error = tried.error();
  if (error.side != Side::upstream || error.fault == Fault::cancelled) return false;
  if (error.retry == Retry::safe) return true;
  const bool broke = error.fault == Fault::reset || error.fault == Fault::closed;
  return (broke && retry.on_reset) || lists(retry.codes, LocalReply::from(error).status);
}

/// Everything of the body that the last try may have sent is still here.
bool Exchange::may_send_again() const {
  return !upload_started_ || replay_.is_whole();
}

/// The endpoint of this try is not the next one's, as long as there are others.
void Exchange::remember_endpoint() {
  if (!upstream_) return;
  if (tried_.empty()) {
    // Trivial, so that it may live in the arena.
    static_assert(std::is_trivially_destructible_v<SocketAddress>);
    void* room = scratch_.arena.allocate(sizeof(SocketAddress) * (kMostAvoided + 1));
    std::size_t space = sizeof(SocketAddress) * (kMostAvoided + 1);
    room = std::align(alignof(SocketAddress), sizeof(SocketAddress) * kMostAvoided, room, space);
    tried_ = {static_cast<SocketAddress*>(room), 0};
  }
  auto* at = tried_.data() + (tries_ - 1) % kMostAvoided;
  std::construct_at(at, upstream_.address());
  tried_ = {tried_.data(), std::min<std::size_t>(tries_, kMostAvoided)};
}

/// Twice as long after each try, up to ten times the base, half of it by chance.
Task<> Exchange::back_off() {
  const auto base = rule_->rule->retry.backoff;
  const auto factor = std::min(kMostBackoffFactor, 1 << std::min(tries_ - 1, 4u));
  const auto longest = base * factor;
  const auto half = static_cast<std::uint64_t>(longest.count() / 2);
  const auto pause = longest / 2 + std::chrono::milliseconds(half == 0 ? 0 : worker_.dice() % half);
  const MonoTime until = std::min(worker_.loop.now() + pause, deadlines_.request);
  while (worker_.loop.now() < until && !stream_->peer_gone().fired()) {
    co_await io::Sleep(worker_.loop, std::min(until, worker_.loop.now() + kBackoffSlice));
  }
}

bool Exchange::is_overdue() const {
  return worker_.loop.now() >= deadlines_.earliest(io::kNoDeadline);
}

/// The final head; interim ones are relayed on the way.
Task<Result<void>> Exchange::read_response_head() {
  auto& head = scratch_.response;
  const auto& request = scratch_.request;
  int interim = 0;
  for (;;) {
    const auto progress = outcome_.request_bytes;
    const auto read =
        co_await upstream_->read_head(head, request.method, !request.upgrade.empty(), upstream_limits());
    if (!read) {
      // As long as the request body moves, the backend is not late.
      const bool moving = upload_started_ && outcome_.request_bytes != progress;
      if (read.error().fault == Fault::timeout && moving && !is_overdue()) continue;
      co_return read.error();
    }
    if (head.status >= 200 || head.status == 101) co_return Result<void>();
    if (++interim > kMaxInterimResponses)
      co_return Error{Fault::bad_request, Side::upstream, Retry::never, "too many interim responses"};
    const auto relayed = co_await relay_interim();
    if (!relayed) co_return relayed.error();
  }
}

Task<Result<void>> Exchange::relay_interim() {
  if (scratch_.request.minor_version == 0) co_return Result<void>();
  http::remove_hop_fields(scratch_.response.fields, http::Trailers::dropped);
  const Chunk nothing{{}, true};
  co_return co_await stream_->send_head(scratch_.response, nothing, downstream_limits());
}

}  // namespace gatehouse::proxy
