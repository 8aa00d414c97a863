// SPDX-License-Identifier: Apache-2.0
// The L4 routes of a listener, ready to pick from: by server name, then by weight.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "config/ir/listener.h"
#include "routing/compiled_route.h"
#include "routing/host_index.h"

namespace gatehouse::proxy {

/// Immutable, shared by all workers and by runtimes in which the route is the same.
class L4RouteRuntime {
 public:
  L4RouteRuntime(std::shared_ptr<const ir::L4Route> route, routing::CompileIds ids);

  const std::shared_ptr<const ir::L4Route>& config() const { return config_; }
  std::uint32_t metric_id() const { return metric_id_; }  ///< CompileIds::metrics

  /// The cluster whose share `dice` falls into: over any total weight's number of successive values each is
  /// picked exactly by its weight. routing::kNoCluster: refused.
  std::uint32_t pick(std::uint64_t dice) const;
  /// It may come out of pick().
  bool leads_to(std::uint32_t cluster) const;

 private:
  struct Target {
    std::uint32_t cluster = routing::kNoCluster;
    std::uint64_t cumulative_weight = 0;
  };

  std::shared_ptr<const ir::L4Route> config_;
  std::uint32_t metric_id_ = 0;
  std::vector<Target> targets_;
};

/// Built by the control thread, read by any.
class L4Table {
 public:
  L4Table() = default;
  /// Routes that did not change are those of `previous`, which may be null and is of the same `ids`.
  L4Table(const ir::Listener& listener, routing::CompileIds ids, const L4Table* previous);

  /// The route with the most specific of its own hostnames for `server_name` (may be empty); of equal ones
  /// the oldest. Null: none. TCP and UDP have no names: their only route.
  const L4RouteRuntime* find(std::string_view server_name) const;
  const std::vector<std::shared_ptr<const L4RouteRuntime>>& routes() const { return routes_; }

 private:
  std::vector<std::shared_ptr<const L4RouteRuntime>> routes_;  ///< oldest first
  routing::HostIndex hosts_;                                   ///< -> index in routes_
};

}  // namespace gatehouse::proxy
