// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/endpoint.h"

#include <algorithm>

#include "proxy/upstream/cluster.h"
#include "proxy/upstream/dial.h"
#include "proxy/upstream/http2_client.h"

namespace gatehouse::proxy {

/// A parked connection: anything that happens on it, or its timeout, ends it (B7).
struct Endpoint::Idle : io::Waiter, io::Timer {
  explicit Idle(Endpoint& of) : io::Waiter(&Idle::on_activity), io::Timer(&Idle::on_timeout), owner(of) {}

  static void on_activity(io::Waiter& self) {
    auto& idle = static_cast<Idle&>(self);
    idle.owner.drop(idle);
  }
  static void on_timeout(io::Timer& self) {
    auto& idle = static_cast<Idle&>(self);
    idle.owner.drop(idle);
  }

  Endpoint& owner;
  std::unique_ptr<Http1Client> connection;
  std::size_t index = 0;
};

Endpoint::Endpoint(EndpointSurroundings surroundings, SocketAddress address, ir::PoolLimits limits)
    : around_(std::move(surroundings)),
      address_(address),
      limits_(limits),
      dialed_(around_.loop),
      session_(new tls::SessionSlot) {}

Endpoint::~Endpoint() = default;

std::unique_ptr<UpstreamStream> Endpoint::take_idle() {
  if (auto stream = take_stream()) return stream;
  while (!idle_.empty()) {
    auto idle = std::move(idle_.back());
    idle_.pop_back();
    idle->unlink();
    idle->io::Timer::cancel();
    auto connection = std::move(idle->connection);
    spare_.push_back(std::move(idle));
    connection->socket().set_read_waiter(nullptr);
    around_.probe.connection_taken();
    if (connection->socket().has_input()) {  // closed by the peer, or talks out of turn
      count_closed();
      continue;
    }
    ++in_use_;
    around_.breaker->request_began();
    return connection;
  }
  return nullptr;
}

Endpoint::Connecting Endpoint::connect(WaitLimits limits, const RawDial* raw) {
  ++connecting_;
  auto connecting = raw ? connect_raw(*raw, limits) : connect_or_join(limits);
  auto connection = co_await std::move(connecting);
  --connecting_;
  co_return connection;
}

Endpoint::Connecting Endpoint::connect_or_join(WaitLimits limits) {
  while (speaks_http2() && expects_room()) {
    const io::Wake wake = co_await io::SignalWait(dialed_, limits.deadline, limits.cancel);
    if (wake == io::Wake::cancelled)
      co_return Error{Fault::cancelled, Side::upstream, Retry::never, "the other side went away"};
    if (wake == io::Wake::timeout)
      co_return Error{Fault::timeout, Side::upstream, Retry::safe, "connect timed out"};
    if (auto stream = take_stream()) co_return std::move(stream);
    if (!is_dialing_ && dial_error_) co_return *dial_error_;
  }
  around_.breaker->connection_opened();
  is_dialing_ = true;
  auto connection = co_await connect_counted(limits);
  is_dialing_ = false;
  dial_error_.reset();
  if (!connection) {
    // A client that left says nothing about the endpoint to the others.
    if (connection.error().fault != Fault::cancelled) dial_error_ = connection.error();
    around_.breaker->connection_closed();
    dialed_.raise();
    co_return connection;
  }
  dialed_.raise();
  ++in_use_;
  around_.breaker->request_began();
  around_.probe.connection_opened();
  co_return connection;
}

Endpoint::Connecting Endpoint::connect_raw(RawDial raw, WaitLimits limits) {
  if (!around_.cluster)
    co_return Error{Fault::unreachable, Side::upstream, Retry::safe, "the endpoint is gone"};
  DialPlan plan = around_.cluster->dial_plan();
  plan.protocol = ir::ClusterProtocol::http1;
  plan.alpn = tls::ClientContext::Alpn::none;
  plan.prologue = raw.prologue;
  plan.wants_tls = plan.wants_tls && raw.tls;
  if (!raw.tls) plan.tls.reset();
  around_.breaker->connection_opened();
  auto connection = std::make_unique<Http1Client>(around_.loop, around_.buffers);
  const auto dialed = co_await dial(connection->socket(), address_, std::move(plan), session_, limits);
  if (!dialed) {
    around_.breaker->connection_closed();
    co_return dialed.error();
  }
  ++in_use_;
  around_.breaker->request_began();
  around_.probe.connection_opened();
  co_return std::unique_ptr<UpstreamStream>(std::move(connection));
}

Task<Result<std::unique_ptr<UpstreamStream>>> Endpoint::connect_counted(WaitLimits limits) {
  if (!around_.cluster)
    co_return Error{Fault::unreachable, Side::upstream, Retry::safe, "the endpoint is gone"};
  auto connection = std::make_unique<Http1Client>(around_.loop, around_.buffers);
  const auto dialed =
      co_await dial(connection->socket(), address_, around_.cluster->dial_plan(), session_, limits);
  if (!dialed) co_return dialed.error();
  negotiated_http2_ = *dialed == Spoken::http2;
  if (negotiated_http2_) co_return begin_link(connection->socket());
  co_return std::unique_ptr<UpstreamStream>(std::move(connection));
}

bool Endpoint::speaks_http2() const {
  const auto* cluster = around_.cluster;
  return negotiated_http2_ || (cluster && cluster->config().protocol == ir::ClusterProtocol::http2);
}

bool Endpoint::expects_room() const {
  return is_dialing_ ||
         std::any_of(links_.begin(), links_.end(), [](const auto& link) { return link->is_fresh(); });
}

Result<std::unique_ptr<UpstreamStream>> Endpoint::begin_link(io::Socket& connected) {
  const Ref<Http2Link> link(new Http2Link(around_.loop, around_.buffers, limits_, *this));
  if (!link->start(connected))
    return Error{Fault::system, Side::upstream, Retry::safe, "cannot watch another connection"};
  links_.push_back(link);
  ++idle_links_;
  around_.probe.connection_idled();
  if (retired_) link->retire();
  return std::unique_ptr<UpstreamStream>(link->open_stream());
}

std::unique_ptr<UpstreamStream> Endpoint::take_stream() {
  for (const auto& link : links_) {
    if (!link->may_open_stream()) continue;
    ++in_use_;
    around_.breaker->request_began();
    return link->open_stream();
  }
  return nullptr;
}

void Endpoint::link_busy() {
  --idle_links_;
  around_.probe.connection_taken();
}

void Endpoint::link_idle() {
  ++idle_links_;
  around_.probe.connection_idled();
  around_.breaker->room_made();
}

void Endpoint::forget(Http2Link& link) {
  const auto at =
      std::find_if(links_.begin(), links_.end(), [&](const auto& known) { return known.get() == &link; });
  if (at == links_.end()) return;
  if (link.streams() == 0) link_busy();
  count_closed();
  links_.erase(at);
  dialed_.raise();
}

void Endpoint::give_back(std::unique_ptr<UpstreamStream> stream) {
  --in_use_;
  around_.breaker->request_ended();
  Http1Client* connection = stream->as_http1();
  if (!connection) return stream.reset();  // its connection goes on
  if (is_worth_keeping(*connection)) {
    stream.release();
    return park(std::unique_ptr<Http1Client>(connection));
  }
  stream.reset();
  count_closed();
}

void Endpoint::park(std::unique_ptr<Http1Client> connection) {
  around_.probe.connection_idled();
  connection->release_buffers();
  if (spare_.empty()) spare_.push_back(std::make_unique<Idle>(*this));
  auto idle = std::move(spare_.back());
  spare_.pop_back();
  idle->connection = std::move(connection);
  idle->index = idle_.size();
  idle->connection->socket().set_read_waiter(idle.get());
  around_.loop.timers().arm(*idle, around_.loop.now() + limits_.idle_timeout);
  idle_.push_back(std::move(idle));
  around_.breaker->room_made();
}

void Endpoint::begin_session() {
  around_.breaker->connection_opened();
  around_.breaker->request_began();
  around_.probe.connection_opened();
  ++in_use_;
}

void Endpoint::end_session() {
  --in_use_;
  around_.breaker->request_ended();
  count_closed();
}

void Endpoint::count_closed() {
  around_.probe.connection_closed();
  around_.breaker->connection_closed();
}

bool Endpoint::is_worth_keeping(const Http1Client& connection) const {
  if (retired_ || !connection.may_be_reused() || idle_.size() >= limits_.max_idle_per_endpoint) return false;
  // A PROXY header names one client.
  if (around_.cluster->config().proxy_protocol != ir::ProxyProtocolOut::off) return false;
  return limits_.max_requests_per_connection == 0 ||
         connection.exchanges() < limits_.max_requests_per_connection;
}

void Endpoint::drop(Idle& idle) {
  idle.io::Timer::cancel();
  idle.unlink();
  const std::size_t index = idle.index;
  auto owned = std::move(idle_[index]);
  if (index + 1 != idle_.size()) {
    idle_[index] = std::move(idle_.back());
    idle_[index]->index = index;
  }
  idle_.pop_back();
  owned->connection->socket().set_read_waiter(nullptr);
  owned->connection.reset();
  around_.probe.connection_taken();
  count_closed();
  if (spare_.size() < limits_.max_idle_per_endpoint) spare_.push_back(std::move(owned));
}

void Endpoint::close_coldest() {
  if (!idle_.empty()) return drop(*idle_.front());
  const auto idle =
      std::find_if(links_.begin(), links_.end(), [](const auto& link) { return link->streams() == 0; });
  if (idle != links_.end()) Ref<Http2Link>(*idle)->close();
}

void Endpoint::retire() {
  retired_ = true;
  around_.cluster = nullptr;
  while (!idle_.empty()) drop(*idle_.back());
  spare_.clear();
  const auto links = links_;  // those without a stream leave the list
  for (const auto& link : links) link->retire();
}

}  // namespace gatehouse::proxy
