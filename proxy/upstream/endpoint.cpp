// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/endpoint.h"

#include "proxy/upstream/dial.h"

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
    : around_(std::move(surroundings)), address_(address), limits_(limits) {}

Endpoint::~Endpoint() = default;

std::unique_ptr<UpstreamStream> Endpoint::take_idle() {
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

Task<Result<std::unique_ptr<UpstreamStream>>> Endpoint::connect(WaitLimits limits) {
  ++connecting_;
  around_.breaker->connection_opened();
  auto connection = co_await connect_counted(limits);
  --connecting_;
  if (!connection) {
    around_.breaker->connection_closed();
    co_return connection;
  }
  ++in_use_;
  around_.breaker->request_began();
  around_.probe.connection_opened();
  co_return connection;
}

Task<Result<std::unique_ptr<UpstreamStream>>> Endpoint::connect_counted(WaitLimits limits) {
  auto connection = std::make_unique<Http1Client>(around_.loop, around_.buffers);
  const auto dialed = co_await dial(connection->socket(), address_, limits);
  if (!dialed) co_return dialed.error();
  co_return std::unique_ptr<UpstreamStream>(std::move(connection));
}

void Endpoint::give_back(std::unique_ptr<UpstreamStream> stream) {
  --in_use_;
  around_.breaker->request_ended();
  Http1Client* connection = stream->as_http1();
  if (connection && is_worth_keeping(*connection)) {
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
  if (!idle_.empty()) drop(*idle_.front());
}

void Endpoint::retire() {
  retired_ = true;
  around_.cluster = nullptr;
  while (!idle_.empty()) drop(*idle_.back());
  spare_.clear();
}

}  // namespace gatehouse::proxy
