// SPDX-License-Identifier: Apache-2.0
#include "proxy/l4_table.h"

#include <algorithm>
#include <utility>

namespace gatehouse::proxy {

L4RouteRuntime::L4RouteRuntime(std::shared_ptr<const ir::L4Route> route, routing::CompileIds ids)
    : config_(std::move(route)), metric_id_(ids.metrics.id(config_->key)) {
  std::uint64_t total = 0;
  for (const auto& backend : config_->backends) {
    total += backend.weight;
    const bool usable = backend.error_status == 0 && !backend.cluster.empty();
    targets_.push_back({usable ? ids.clusters.id(backend.cluster) : routing::kNoCluster, total});
  }
}

std::uint32_t L4RouteRuntime::pick(std::uint64_t dice) const {
  const std::uint64_t total = targets_.empty() ? 0 : targets_.back().cumulative_weight;
  if (total == 0) return routing::kNoCluster;
  const std::uint64_t point = dice % total;
  const auto target =
      std::upper_bound(targets_.begin(), targets_.end(), point,
                       [](std::uint64_t at, const Target& t) { return at < t.cumulative_weight; });
  return target->cluster;
}

bool L4RouteRuntime::leads_to(std::uint32_t cluster) const {
  std::uint64_t before = 0;
  for (const auto& target : targets_)
    if (target.cumulative_weight != std::exchange(before, target.cumulative_weight) &&
        target.cluster == cluster)
      return true;
  return false;
}

L4Table::L4Table(const ir::Listener& listener, routing::CompileIds ids, const L4Table* previous) {
  const auto known = [previous](const std::shared_ptr<const ir::L4Route>& route) {
    if (previous)
      for (const auto& candidate : previous->routes_)
        if (candidate->config() == route || *candidate->config() == *route) return candidate;
    return std::shared_ptr<const L4RouteRuntime>();
  };
  for (const auto& attachment : listener.l4_routes) {
    const auto index = static_cast<std::uint32_t>(routes_.size());
    auto route = known(attachment.route);
    if (!route) route = std::make_shared<const L4RouteRuntime>(attachment.route, ids);
    routes_.push_back(std::move(route));
    if (attachment.hostnames.empty()) hosts_.insert("", index);
    for (const auto& hostname : attachment.hostnames) hosts_.insert(hostname, index);
  }
}

const L4RouteRuntime* L4Table::find(std::string_view server_name) const {
  const L4RouteRuntime* found = nullptr;
  hosts_.visit(server_name, [&](std::uint32_t index) {
    found = routes_[index].get();
    return true;
  });
  return found;
}

}  // namespace gatehouse::proxy
