// SPDX-License-Identifier: Apache-2.0
#include "routing/route_table.h"

#include <string_view>
#include <unordered_map>
#include <utility>

namespace gatehouse::routing {

std::optional<Match> RouteTable::find(const RequestView& request) const {
  const CompiledMatch* found = nullptr;
  hosts_.visit(request.host, [&](std::uint32_t table) {
    found = tables_[table]->find(request);
    return found != nullptr;
  });
  if (found == nullptr) return std::nullopt;
  return Match{found->rule, found->match};
}

/// One compile() in progress: routes first, then their hosts.
class TableCompiler {
 public:
  TableCompiler(CompileIds ids, const RouteTable* previous)
      : ids_(ids), previous_(previous), table_(std::make_shared<RouteTable>()) {}

  void run(const ir::Listener& listener) {
    table_->routes_.reserve(listener.routes.size());
    for (const ir::Attachment& attachment : listener.routes) {
      table_->routes_.push_back(compile_route(attachment.route, table_->routes_.size()));
      attach(table_->routes_.back(), attachment.hostnames);
    }
    build_hosts();
  }

  std::shared_ptr<const RouteTable> table() { return std::move(table_); }
  const CompileStats& stats() const { return stats_; }

 private:
  std::shared_ptr<const CompiledRoute> compile_route(const std::shared_ptr<const ir::HttpRoute>& route,
                                                     std::size_t position) {
    ++stats_.routes;
    auto compiled = find_previous(*route, position);
    if (!compiled || (compiled->route() != route && *compiled->route() != *route)) {
      compiled = std::make_shared<const CompiledRoute>(route, ids_);
      ++stats_.routes_compiled;
    }
    stats_.invalid_patterns += compiled->invalid_patterns();
    return compiled;
  }

  /// Most changes leave most routes where they were; the map by key is only made when one has moved.
  std::shared_ptr<const CompiledRoute> find_previous(const ir::HttpRoute& route, std::size_t position) {
    if (previous_ == nullptr) return nullptr;
    const auto& routes = previous_->routes_;
    if (position < routes.size() && routes[position]->route()->key == route.key) return routes[position];
    if (by_key_.empty())
      for (const auto& known : routes) by_key_.emplace(known->route()->key, &known);
    const auto known = by_key_.find(route.key);
    return known == by_key_.end() ? nullptr : *known->second;
  }

  void attach(const std::shared_ptr<const CompiledRoute>& route, const std::vector<std::string>& hostnames) {
    if (hostnames.empty()) return add_to_host("", route);
    for (const std::string& hostname : hostnames) add_to_host(hostname, route);
  }

  void add_to_host(std::string_view hostname, const std::shared_ptr<const CompiledRoute>& route) {
    auto number = table_->hosts_.value_of(hostname);
    if (!number) {
      number = static_cast<std::uint32_t>(hosts_.size());
      table_->hosts_.insert(hostname, *number);
      hosts_.push_back({std::string(hostname), {}});
    }
    HostTable::Routes& routes = hosts_[*number].routes;
    if (routes.empty() || routes.back() != route) routes.push_back(route);
  }

  void build_hosts() {
    stats_.hosts = static_cast<std::uint32_t>(hosts_.size());
    table_->tables_.reserve(hosts_.size());
    for (Host& host : hosts_) {
      auto known = find_previous_host(host);
      if (!known) {
        known = std::make_shared<const HostTable>(std::move(host.routes));
        ++stats_.hosts_rebuilt;
      }
      table_->tables_.push_back(std::move(known));
    }
  }

  struct Host {
    std::string hostname;
    HostTable::Routes routes;
  };

  std::shared_ptr<const HostTable> find_previous_host(const Host& host) const {
    if (previous_ == nullptr) return nullptr;
    const auto number = previous_->hosts_.value_of(host.hostname);
    if (!number || previous_->tables_[*number]->routes() != host.routes) return nullptr;
    return previous_->tables_[*number];
  }

  CompileIds ids_;
  const RouteTable* previous_;
  std::shared_ptr<RouteTable> table_;
  std::vector<Host> hosts_;  ///< by HostIndex value
  std::unordered_map<std::string_view, const std::shared_ptr<const CompiledRoute>*> by_key_;
  CompileStats stats_;
};

std::shared_ptr<const RouteTable> compile(const ir::Listener& listener, CompileIds ids,
                                          const RouteTable* previous, CompileStats* stats) {
  TableCompiler compiler(ids, previous);
  compiler.run(listener);
  if (stats != nullptr) *stats = compiler.stats();
  return compiler.table();
}

}  // namespace gatehouse::routing
