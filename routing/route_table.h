// SPDX-License-Identifier: Apache-2.0
// All routes of one listener: which rule serves a request.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "config/ir/listener.h"
#include "routing/compiled_route.h"
#include "routing/host_index.h"
#include "routing/host_table.h"
#include "routing/ids.h"
#include "routing/request_view.h"

namespace gatehouse::routing {

struct Match {
  const CompiledRule* rule;
  const ir::RouteMatch* match;
};

/// What one compile() did.
struct CompileStats {
  std::uint32_t hosts = 0;
  std::uint32_t hosts_rebuilt = 0;
  std::uint32_t routes = 0;
  std::uint32_t routes_compiled = 0;  ///< the others are the very objects of the previous table
  std::uint32_t invalid_patterns =
      0;  ///< each takes its match out of the table; translate refuses them before
};

/// Immutable; shared by all workers and, host by host, with its successors. Keeps the IR routes alive, and
/// with them every rule and match that find() hands out.
class RouteTable {
 public:
  /// Worker threads, concurrently. Walks the hostnames that cover the host from the most specific on and
  /// falls through to the next when none of a hostname's matches holds. Never throws; allocates nothing,
  /// except on a host with more than kMaxSinglePatterns path regexes. nullopt: answer 404.
  std::optional<Match> find(const RequestView& request) const;

  /// By position in the listener.
  const std::vector<std::shared_ptr<const CompiledRoute>>& routes() const { return routes_; }

 private:
  friend class TableCompiler;

  HostIndex hosts_;
  std::vector<std::shared_ptr<const HostTable>> tables_;      ///< by HostIndex value
  std::vector<std::shared_ptr<const CompiledRoute>> routes_;  ///< by position in the listener
};

/// Control thread. Compiles only routes that differ from `previous` and rebuilds only the hosts they belong
/// to, or belonged to. `previous` (may be null) must come from the same `ids`. The listener's own hostname is
/// not looked at: ListenerIndex has decided on it before. `stats` may be null.
std::shared_ptr<const RouteTable> compile(const ir::Listener& listener, CompileIds ids,
                                          const RouteTable* previous = nullptr,
                                          CompileStats* stats = nullptr);

}  // namespace gatehouse::routing
