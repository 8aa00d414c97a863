// SPDX-License-Identifier: Apache-2.0
// Which L4 route a server name meets, and whose turn it is by weight; sockets by transport.
#include "proxy/l4_table.h"

#include <catch2/catch.hpp>
#include <map>

#include "proxy/runtime.h"
#include "routing/ids.h"
#include "tests/support/l4_plan.h"

namespace gatehouse::proxy {
namespace {

std::shared_ptr<const ir::L4Route> route_of(std::string name,
                                            std::vector<std::pair<std::string, std::uint32_t>> backends) {
  auto route = std::make_shared<ir::L4Route>();
  route->key = "TLSRoute/test/" + name;
  for (auto& [cluster, weight] : backends) {
    ir::WeightedBackend backend;
    backend.weight = weight;
    backend.error_status = cluster.empty() ? 500 : 0;
    backend.cluster = std::move(cluster);
    route->backends.push_back(std::move(backend));
  }
  return route;
}

struct Numbers {
  routing::Ids clusters;
  routing::Ids metrics;
  operator routing::CompileIds() { return {clusters, metrics}; }  // NOLINT(google-explicit-constructor)
};

}  // namespace

TEST_CASE("each backend has exactly its share of successive throws") {
  Numbers ids;
  const L4RouteRuntime route(route_of("r", {{"a", 3}, {"", 2}, {"never", 0}, {"b", 5}}), ids);
  std::map<std::uint32_t, int> picked;
  for (std::uint64_t dice = 1'000; dice < 1'010; ++dice) ++picked[route.pick(dice)];
  CHECK(picked == std::map<std::uint32_t, int>{
                      {ids.clusters.id("a"), 3}, {ids.clusters.id("b"), 5}, {routing::kNoCluster, 2}});
  CHECK(route.leads_to(ids.clusters.id("a")));
  CHECK_FALSE(route.leads_to(ids.clusters.id("never")));
}

TEST_CASE("a route without weight or backend leads nowhere") {
  Numbers ids;
  CHECK(L4RouteRuntime(route_of("r", {}), ids).pick(7) == routing::kNoCluster);
  CHECK(L4RouteRuntime(route_of("r", {{"a", 0}}), ids).pick(7) == routing::kNoCluster);
}

TEST_CASE("the most specific hostname of a route wins, of equal ones the oldest route") {
  Numbers ids;
  ir::Listener listener;
  listener.l4_routes = {{route_of("wildcard", {}), {"*.example.com"}},
                        {route_of("exact", {}), {"a.example.com"}},
                        {route_of("younger", {}), {"*.example.com", "a.example.com"}},
                        {route_of("deeper", {}), {"*.b.example.com"}}};
  const L4Table table(listener, ids, nullptr);
  const auto name_of = [&](std::string_view server_name) {
    const auto* found = table.find(server_name);
    return found ? found->config()->key : "";
  };
  CHECK(name_of("a.example.com") == "TLSRoute/test/exact");
  CHECK(name_of("c.example.com") == "TLSRoute/test/wildcard");
  CHECK(name_of("x.y.example.com") == "TLSRoute/test/wildcard");
  CHECK(name_of("x.b.example.com") == "TLSRoute/test/deeper");
  CHECK(name_of("example.com").empty());
  CHECK(name_of("").empty());
  listener.l4_routes.push_back({route_of("any", {}), {}});
  CHECK(L4Table(listener, ids, nullptr).find("") != nullptr);
}

TEST_CASE("a route that did not change is taken from the table before") {
  Numbers ids;
  ir::Listener listener;
  listener.l4_routes = {{route_of("same", {{"a", 1}}), {}}, {route_of("other", {{"a", 1}}), {"x"}}};
  const L4Table before(listener, ids, nullptr);
  listener.l4_routes = {{route_of("same", {{"a", 1}}), {}}, {route_of("other", {{"a", 2}}), {"x"}}};
  const L4Table after(listener, ids, &before);
  CHECK(after.routes()[0] == before.routes()[0]);
  CHECK(after.routes()[1] != before.routes()[1]);
}

TEST_CASE("TCP and UDP of one address are two sockets") {
  const SocketAddress address{*IpAddress::parse("127.0.0.1"), 53};
  test::L4Plan tcp;
  test::L4Plan udp;
  udp.protocol = ir::ListenerProtocol::udp;
  auto config = std::make_shared<ir::Config>();
  tcp.add_to(*config, address);
  udp.add_to(*config, address);
  Numbers ids;
  Probes probes(1);
  const ProxySettings settings;
  Runtime::Input input{config, nullptr, ids};
  input.settings = &settings;
  input.probes = &probes;
  const auto runtime = Runtime::build(input);
  CHECK(runtime->sockets().size() == 2);
  REQUIRE(runtime->find_socket(address));
  CHECK(runtime->find_socket(address)->first().config->protocol == ir::ListenerProtocol::tcp);
  REQUIRE(runtime->find_socket(address, ir::Transport::udp));
  CHECK(runtime->find_socket(address, ir::Transport::udp)->first().config->protocol ==
        ir::ListenerProtocol::udp);
}

}  // namespace gatehouse::proxy
