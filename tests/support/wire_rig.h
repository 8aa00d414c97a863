// SPDX-License-Identifier: Apache-2.0
// A real gateway in the test's own process: one worker thread, real sockets on the loopback.
//
//   ScriptedBackend backend;                      // answers 200 "ok" to every request
//   WirePlan plan;
//   plan.limits.header_timeout = 200ms;
//   plan.add_route("/", {backend.address()});
//   WireGateway gateway(plan);
//   auto client = gateway.connect();
//   client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
//   const auto response = client.read_response();
//   REQUIRE(response);
//   CHECK(response->status() == 200);
//   CHECK(backend.requests().at(0).field("X-Real-IP") == "127.0.0.1");
//
// Declare the backend before the gateway: the gateway then goes first and no script waits in vain.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/ir/config.h"
#include "gateway/reaper.h"
#include "gateway/worker.h"
#include "proxy/probes.h"
#include "proxy/runtime.h"
#include "routing/ids.h"
#include "tests/support/raw_client.h"
#include "tests/support/scripted_backend.h"

namespace gatehouse::test {

/// One HTTPRoute with one rule.
struct PlannedRoute {
  ir::HttpRoute route;
  std::vector<std::string> hostnames;  ///< empty: every host

  ir::RouteRule& rule() { return route.rules.front(); }
};

/// What the gateway serves: one listener, its routes, their clusters. Fill it in, change any part of it.
struct WirePlan {
  ir::HttpLimits limits;
  ir::PoolLimits pool;            ///< of clusters added from now on
  proxy::ProxySettings settings;  ///< of the gateway's life; publish() does not change them
  std::uint32_t max_connections = 0;
  std::string hostname;  ///< of the listener; empty = any
  std::uint16_t advertised_port = 80;
  std::deque<PlannedRoute> routes;  ///< references into it stay valid
  std::deque<ir::Cluster> clusters;

  /// A rule for paths under `prefix` whose requests go to `endpoints` in turn. Route, rule and cluster are
  /// numbered: "HTTPRoute/test/route-0", "Service/test/backend-0/80".
  PlannedRoute& add_route(std::string prefix, const std::vector<SocketAddress>& endpoints);
  PlannedRoute& add_route(ir::PathMatch path, const std::vector<SocketAddress>& endpoints);

  std::shared_ptr<const ir::Config> config(const SocketAddress& bind) const;
};

enum class Pace : bool {
  whole,         ///< one write per send()
  byte_by_byte,  ///< one write per byte, each read by the gateway before the next is sent (F19)
};

/// Serves from construction to destruction. Used by the test's thread; settle() by any.
class WireGateway {
 public:
  explicit WireGateway(const WirePlan& plan);
  ~WireGateway();
  WireGateway(const WireGateway&) = delete;
  WireGateway& operator=(const WireGateway&) = delete;

  const SocketAddress& address() const { return address_; }
  RawClient connect(Pace pace = Pace::whole);
  /// Returns when the worker has handled everything that reached its sockets before the call.
  void settle();
  /// settle() as a value, for BackendConnection::send_slowly. Does nothing once the gateway is gone.
  std::function<void()> settler() const;

  /// Returns when the worker serves by the new plan.
  void publish(const WirePlan& plan);
  /// Any configuration. Addresses that are not served yet are bound, those it does not name are closed.
  void publish(std::shared_ptr<const ir::Config> config);

  gateway::Worker& worker() { return *worker_; }
  proxy::Probes& probes() { return probes_; }
  /// The value of one line of /metrics, such as `gatehouse_worker_connections{worker="0"}`; "" if not there.
  std::string metric(std::string_view series) const;

 private:
  /// Outlives the gateway in the hands of backends' threads.
  struct Settling {
    std::mutex mutex;  ///< held while a runtime is handed over
    WireGateway* gateway = nullptr;
  };

  using Listening = std::vector<gateway::Publication::Listening>;
  Listening open_missing();
  void hand_over(Listening listen);

  const proxy::ProxySettings settings_;
  proxy::Probes probes_;
  routing::Ids cluster_ids_;
  routing::Ids route_ids_;
  gateway::Reaper reaper_;
  SocketAddress address_;
  std::set<std::pair<SocketAddress, ir::Transport>> bound_;
  std::shared_ptr<Settling> settling_ = std::make_shared<Settling>();
  std::shared_ptr<const proxy::Runtime> runtime_;
  std::uint64_t generation_ = 0;
  std::unique_ptr<gateway::Worker> worker_;
};

}  // namespace gatehouse::test
