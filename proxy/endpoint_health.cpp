// SPDX-License-Identifier: Apache-2.0
#include "proxy/endpoint_health.h"

#include <map>
#include <utility>

namespace gatehouse::proxy {

std::shared_ptr<EndpointHealth> EndpointHealth::build(const ir::Cluster& cluster,
                                                      const EndpointHealth* previous) {
  if (cluster.active_health.kind == ir::ActiveHealthCheck::Kind::none) return nullptr;
  std::map<std::pair<std::string, std::uint16_t>, const Entry*> known;
  if (previous)
    for (const auto& entry : previous->entries_) known.try_emplace({entry.host, entry.port}, &entry);

  auto health = std::make_shared<EndpointHealth>();
  health->version_ = previous ? previous->version_ : std::make_shared<std::atomic<std::uint32_t>>(0);
  health->entries_.reserve(cluster.endpoints.size());
  for (const auto& endpoint : cluster.endpoints) {
    const auto at = known.find({endpoint.host, endpoint.port});
    auto cell = at != known.end() ? at->second->healthy : std::make_shared<std::atomic<bool>>(true);
    health->entries_.push_back({endpoint.host, endpoint.port, std::move(cell)});
  }
  return health;
}

void EndpointHealth::set_healthy(std::size_t index, bool healthy) {
  auto& cell = *entries_[index].healthy;
  if (cell.load(std::memory_order_relaxed) == healthy) return;
  cell.store(healthy, std::memory_order_relaxed);
  version_->fetch_add(1, std::memory_order_release);
}

}  // namespace gatehouse::proxy
