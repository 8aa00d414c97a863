// SPDX-License-Identifier: Apache-2.0
#include "tests/support/wire_rig.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <future>

#include "gateway/listening_sockets.h"

namespace gatehouse::test {
namespace {

constexpr std::size_t kWorkers = 1;

ir::Cluster cluster_of(std::string key, const ir::PoolLimits& pool,
                       const std::vector<SocketAddress>& endpoints) {
  ir::Cluster cluster;
  cluster.key = std::move(key);
  cluster.pool = pool;
  for (const auto& endpoint : endpoints)
    cluster.endpoints.push_back({endpoint.ip.to_string(), endpoint.port});
  return cluster;
}

ir::HttpRoute route_of(std::string name, ir::PathMatch path, const std::string& cluster) {
  ir::RouteMatch match;
  match.path = std::move(path);
  ir::WeightedBackend backend;
  backend.cluster = cluster;
  ir::RouteRule rule;
  rule.matches.push_back(std::move(match));
  rule.backends.push_back(std::move(backend));
  ir::HttpRoute route;
  route.key = "HTTPRoute/" + name;
  route.age.name = std::move(name);
  route.rules.push_back(std::move(rule));
  return route;
}

}  // namespace

PlannedRoute& WirePlan::add_route(std::string prefix, const std::vector<SocketAddress>& endpoints) {
  return add_route(ir::PathMatch{ir::PathMatchKind::prefix, std::move(prefix)}, endpoints);
}

PlannedRoute& WirePlan::add_route(ir::PathMatch path, const std::vector<SocketAddress>& endpoints) {
  const auto number = routes.size();
  clusters.push_back(cluster_of(fmt::format("Service/test/backend-{}/80", number), pool, endpoints));
  routes.push_back(
      {route_of(fmt::format("test/route-{}", number), std::move(path), clusters.back().key), {}});
  return routes.back();
}

std::shared_ptr<const ir::Config> WirePlan::config(const SocketAddress& bind) const {
  auto listener = std::make_shared<ir::Listener>();
  listener->name = "test/gateway/http";
  listener->gateway = "test/gateway";
  listener->binds = {bind};
  listener->advertised_port = advertised_port;
  listener->hostname = hostname;
  listener->limits = limits;
  for (const auto& planned : routes)
    listener->routes.push_back({std::make_shared<const ir::HttpRoute>(planned.route), planned.hostnames});
  auto config = std::make_shared<ir::Config>();
  config->listeners.push_back(std::move(listener));
  for (const auto& cluster : clusters)
    config->clusters.push_back(std::make_shared<const ir::Cluster>(cluster));
  std::sort(config->clusters.begin(), config->clusters.end(),
            [](const auto& a, const auto& b) { return a->key < b->key; });
  return config;
}

WireGateway::WireGateway(const WirePlan& plan) : settings_(plan.settings), probes_(kWorkers) {
  std::signal(SIGPIPE, SIG_IGN);  // as the process does
  const auto listener = listen_on_loopback();
  address_ = listener.address;
  const proxy::WorkerContext::Options context{settings_, probes_.of_worker(0), nullptr, reaper_};
  worker_ = std::make_unique<gateway::Worker>(gateway::Worker::Options{0, plan.max_connections, context});
  REQUIRE(worker_->start());
  const auto config = plan.config(address_);
  proxy::Runtime::Input input{config, nullptr, {cluster_ids_, route_ids_}};
  input.settings = &settings_;
  input.probes = &probes_;
  input.generation = ++generation_;
  runtime_ = proxy::Runtime::build(input);
  bound_ = {{address_, ir::Transport::tcp}};
  hand_over({{address_, listener.fd, ir::Transport::tcp}});
  settling_->gateway = this;
}

WireGateway::~WireGateway() {
  {
    const std::lock_guard lock(settling_->mutex);
    settling_->gateway = nullptr;
  }
  worker_->stop();
}

RawClient WireGateway::connect(Pace pace) {
  return RawClient(address_, pace == Pace::byte_by_byte ? settler() : std::function<void()>());
}

/// What is in a socket's queue before a publication is posted is seen in the same turn of the loop or an
/// earlier one; the second publication shows that this turn has ended.
void WireGateway::settle() {
  settler()();
}

std::function<void()> WireGateway::settler() const {
  return [settling = settling_] {
    const std::lock_guard lock(settling->mutex);
    if (!settling->gateway) return;
    settling->gateway->hand_over({});
    settling->gateway->hand_over({});
  };
}

void WireGateway::publish(const WirePlan& plan) {
  publish(plan.config(address_));
}

void WireGateway::publish(std::shared_ptr<const ir::Config> config) {
  const std::lock_guard lock(settling_->mutex);
  proxy::Runtime::Input input{std::move(config), runtime_.get(), {cluster_ids_, route_ids_}};
  input.settings = &settings_;
  input.probes = &probes_;
  input.generation = ++generation_;
  runtime_ = proxy::Runtime::build(input);
  hand_over(open_missing());
}

WireGateway::Listening WireGateway::open_missing() {
  Listening opened;
  std::set<std::pair<SocketAddress, ir::Transport>> named;
  for (const auto& socket : runtime_->sockets()) {
    named.emplace(socket.address, socket.transport);
    if (bound_.contains({socket.address, socket.transport})) continue;
    const auto sockets = gateway::open_listening_sockets(socket.address, kWorkers, socket.transport);
    INFO(sockets.error);
    REQUIRE(sockets.fds.size() == kWorkers);
    opened.push_back({socket.address, sockets.fds.front(), socket.transport});
  }
  bound_.swap(named);
  return opened;
}

void WireGateway::hand_over(Listening listen) {
  const auto adopted = std::make_shared<std::promise<void>>();
  gateway::Publication publication;
  publication.runtime = runtime_;
  publication.listen = std::move(listen);
  publication.adopted = [adopted] { adopted->set_value(); };
  worker_->publish(std::move(publication));
  // Also called on backends' threads, so nothing is checked here: what the test checks next will fail.
  adopted->get_future().wait_for(kPatience);
}

std::string WireGateway::metric(std::string_view series) const {
  const auto text = probes_.render();
  const auto wanted = "\n" + std::string(series) + " ";
  const auto at = text.find(wanted);
  if (at == std::string::npos) return {};
  const auto begin = at + wanted.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace gatehouse::test
