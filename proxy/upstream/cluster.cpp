// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/cluster.h"

#include <algorithm>

namespace gatehouse::proxy {

Cluster::Cluster(io::EventLoop& loop, io::BufferPool& buffers, ClusterProbe probe,
                 std::shared_ptr<const ir::Cluster> config)
    : loop_(loop), buffers_(buffers), probe_(probe) {
  update(std::move(config));
}

void Cluster::update(std::shared_ptr<const ir::Cluster> config) {
  std::vector<Ref<Endpoint>> next;
  next.reserve(config->endpoints.size());
  for (const auto& wanted : config->endpoints) {
    const auto ip = IpAddress::parse(wanted.host);
    if (!ip) continue;  // a DNS name that has not been resolved yet
    const SocketAddress address{*ip, wanted.port};
    const auto known = std::find_if(endpoints_.begin(), endpoints_.end(),
                                    [&](const auto& e) { return e && e->address() == address; });
    if (known != endpoints_.end()) {
      (*known)->set_limits(config->pool);
      next.push_back(std::move(*known));
    } else {
      next.push_back(Ref<Endpoint>(new Endpoint(loop_, buffers_, probe_, address, config->pool)));
    }
  }
  for (const auto& gone : endpoints_)
    if (gone) gone->retire();
  endpoints_ = std::move(next);
  config_ = std::move(config);
}

void Cluster::retire() {
  for (const auto& endpoint : endpoints_) endpoint->retire();
  endpoints_.clear();
}

Endpoint& Cluster::next_endpoint() {
  if (cursor_ >= endpoints_.size()) cursor_ = 0;
  return *endpoints_[cursor_++];
}

Lease Cluster::take_warm() {
  if (endpoints_.empty()) return {};
  Endpoint& endpoint = next_endpoint();
  auto connection = endpoint.take_idle();
  if (connection) return Lease(Ref<Endpoint>(&endpoint), std::move(connection));
  --cursor_;  // its turn is not used up: open() continues with it
  return {};
}

Task<Result<Lease>> Cluster::open(Warm warm, WaitLimits limits) {
  const Ref<Cluster> keep_alive(this);
  Error last{Fault::unreachable, Side::upstream, Retry::never, "no endpoint is ready"};
  for (int attempt = 0; attempt <= kConnectRetries && !endpoints_.empty(); ++attempt) {
    const Ref<Endpoint> endpoint(&next_endpoint());
    if (warm == Warm::allowed) {
      if (auto connection = endpoint->take_idle()) co_return Lease(endpoint, std::move(connection));
    }
    WaitLimits wait = limits;
    wait.deadline = std::min(limits.deadline, loop_.now() + endpoint->limits().connect_timeout);
    auto connection = co_await endpoint->connect(wait);
    if (connection) co_return Lease(endpoint, std::move(*connection));
    probe_.connect_failed();
    last = connection.error();
    if (last.retry != Retry::safe || loop_.now() >= limits.deadline) break;
  }
  if (last.fault == Fault::unreachable) probe_.endpoint_missing();
  co_return last;
}

}  // namespace gatehouse::proxy
