// SPDX-License-Identifier: Apache-2.0
// Short ways to write listeners, routes and requests in routing tests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/ir/listener.h"
#include "routing/route_table.h"

namespace gatehouse::routing::testing {

inline ir::RouteMatch on_path(ir::PathMatchKind kind, std::string value) {
  ir::RouteMatch match;
  match.path = {kind, std::move(value)};
  return match;
}
inline ir::RouteMatch exact(std::string path) {
  return on_path(ir::PathMatchKind::exact, std::move(path));
}
inline ir::RouteMatch prefix(std::string path) {
  return on_path(ir::PathMatchKind::prefix, std::move(path));
}
inline ir::RouteMatch regex(std::string path) {
  return on_path(ir::PathMatchKind::regex, std::move(path));
}

inline ir::RouteMatch with_method(ir::RouteMatch match, std::string method) {
  match.method = std::move(method);
  return match;
}
inline ir::RouteMatch with_header(ir::RouteMatch match, std::string name, std::string value,
                                  ir::ValueMatchKind kind = ir::ValueMatchKind::exact) {
  match.headers.push_back({std::move(name), kind, std::move(value)});
  return match;
}
inline ir::RouteMatch with_query(ir::RouteMatch match, std::string name, std::string value,
                                 ir::ValueMatchKind kind = ir::ValueMatchKind::exact) {
  match.query.push_back({std::move(name), kind, std::move(value)});
  return match;
}

/// One rule per match, to the cluster "<route>/<rule>".
inline std::shared_ptr<ir::HttpRoute> make_route(std::string name, std::vector<ir::RouteMatch> matches,
                                                 std::int64_t created = 0) {
  auto route = std::make_shared<ir::HttpRoute>();
  route->key = "HTTPRoute/" + name;
  route->age = {created, name};
  for (std::size_t i = 0; i < matches.size(); ++i) {
    ir::RouteRule& rule = route->rules.emplace_back();
    rule.matches.push_back(std::move(matches[i]));
    rule.backends.emplace_back().cluster = name + "/" + std::to_string(i);
  }
  return route;
}

/// A listener, its registries and its table; answers with the name of the cluster a request reaches.
class TableFixture {
 public:
  TableFixture& add(std::shared_ptr<const ir::HttpRoute> route, std::vector<std::string> hostnames = {}) {
    listener_.routes.push_back({std::move(route), std::move(hostnames)});
    table_.reset();
    return *this;
  }

  std::string find(const RequestView& request) {
    if (!table_) table_ = compile(listener_, ids());
    const auto match = table_->find(request);
    return match ? clusters_.name(match->rule->targets[0].cluster) : "none";
  }

  std::string find(std::string_view host, std::string_view path, std::string_view method = "GET",
                   std::vector<HeaderField> headers = {}, std::string_view query = {}) {
    const RequestView request{host, path, query, method, headers};
    return find(request);
  }

  ir::Listener& listener() { return listener_; }
  CompileIds ids() { return {clusters_, metrics_}; }

 private:
  ir::Listener listener_;
  Ids clusters_;
  Ids metrics_;
  std::shared_ptr<const RouteTable> table_;
};

}  // namespace gatehouse::routing::testing
