// SPDX-License-Identifier: Apache-2.0
// Rules D: changes of the configuration and the end of the process, as connections see them.
#include <catch2/catch.hpp>

#include <atomic>
#include <future>

#include "gateway/listening_sockets.h"
#include "gateway/publisher.h"
#include "tests/support/wire_rig.h"
#include "tests/wire/addresses.h"

namespace gatehouse::test {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
constexpr std::string_view kUpgrade =
    "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr std::string_view kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";

/// Lets the worker turn until `holds` or the patience is over.
template <typename Predicate>
bool eventually(WireGateway& gateway, Predicate holds) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    gateway.settle();
  }
  return true;
}

TEST_CASE("D1: a drain lets what runs finish, says close, and ends what is idle") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (connection.read_request() && connection.hold()) connection.send(ScriptedBackend::kOk);
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto idle = gateway.connect();
  auto busy = gateway.connect();
  busy.send(kGet);
  REQUIRE(backend.wait_for_requests(1));
  std::promise<void> drained;
  gateway.worker().drain([&] { drained.set_value(); });
  CHECK(idle.is_closed());
  auto done = drained.get_future();
  CHECK(done.wait_for(std::chrono::milliseconds(0)) == std::future_status::timeout);
  backend.release();
  const auto response = busy.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
  CHECK(response->field("Connection") == "close");
  CHECK(busy.is_closed());
  CHECK(done.wait_for(kPatience) == std::future_status::ready);
}

TEST_CASE("D2: a request in flight finishes by the configuration it began with") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (connection.read_request() && connection.hold()) connection.send(ScriptedBackend::kOk);
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()}).rule().filters.response_headers.set.push_back({"X-Version", "1"});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  REQUIRE(backend.wait_for_requests(1));
  gateway.publish(WirePlan());  // the route, its cluster and its endpoints are gone
  backend.release();
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
  CHECK(response->field("X-Version") == "1");
  client.send(kGet);
  const auto after = client.read_response();
  REQUIRE(after);
  CHECK(after->status() == 404);
}

TEST_CASE("D2: a cluster that goes away while it is connected to is there until then") {
  SilentAddress silent;
  WirePlan plan;
  plan.add_route("/", {silent.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  gateway.settle();
  gateway.publish(WirePlan());
  silent.answer_by_closing();
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 502);
}

TEST_CASE("D2: a tunnel keeps flowing over a change and pins no old configuration") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.wait_for("\r\n\r\n")) return;
    connection.send(kSwitching);
    while (connection.wait_for("ping")) connection.send("pong");
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kUpgrade);
  REQUIRE(client.read_response());
  for (int i = 0; i < 5; ++i) {
    WirePlan changed;
    changed.add_route("/" + std::to_string(i), {backend.address()});
    gateway.publish(changed);
    client.send("ping");
    CHECK(client.wait_for("pong"));
    client.drop_rest();
  }
  gateway.publish(WirePlan());
  client.send("ping");
  CHECK(client.wait_for("pong"));
  CHECK(eventually(gateway, [&] { return gateway.probes().process().runtimes_live() == 1; }));
}

TEST_CASE("D2: an idle connection pins no old configuration") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto used = gateway.connect();
  auto unused = gateway.connect();
  used.send(kGet);
  REQUIRE(used.read_response());
  gateway.publish(plan);
  gateway.publish(plan);
  CHECK(eventually(gateway, [&] { return gateway.probes().process().runtimes_live() == 1; }));
}

TEST_CASE("D2: clusters that stay keep their warm connections over a change") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    REQUIRE(client.read_response());
    gateway.publish(plan);
  }
  CHECK(backend.connections() == 1);
}

// ---- D4: several listeners, through the publisher

/// One worker behind a Publisher, as the process has it; configurations are lists of addresses.
class ListenerRig {
 public:
  ListenerRig() : probes_(1) {
    const proxy::WorkerContext::Options context{settings_, probes_.of_worker(0), nullptr, reaper_};
    workers_.push_back(std::make_unique<gateway::Worker>(gateway::Worker::Options{0, 0, context}));
    REQUIRE(workers_.front()->start());
  }
  ~ListenerRig() { workers_.front()->stop(); }
  ListenerRig(const ListenerRig&) = delete;
  ListenerRig& operator=(const ListenerRig&) = delete;

  void serve(const std::vector<SocketAddress>& addresses, const SocketAddress& backend) {
    WirePlan plan;
    plan.add_route("/", {backend});
    auto config = std::make_shared<ir::Config>();
    for (const auto& address : addresses) {
      const auto one = plan.config(address);
      auto listener = std::make_shared<ir::Listener>(*one->listeners.front());
      listener->name = "test/gateway/" + address.to_string();
      config->listeners.push_back(std::move(listener));
      config->clusters = one->clusters;
    }
    std::sort(config->listeners.begin(), config->listeners.end(),
              [](const auto& a, const auto& b) { return a->name < b->name; });
    proxy::Runtime::Input input{std::move(config), runtime_.get(), {cluster_ids_, route_ids_}};
    input.settings = &settings_;
    input.probes = &probes_;
    runtime_ = proxy::Runtime::build(input);
    std::promise<void> adopted;
    publisher_.publish(runtime_, [&] { adopted.set_value(); });
    REQUIRE(adopted.get_future().wait_for(kPatience) == std::future_status::ready);
  }
  const gateway::Publisher& publisher() const { return publisher_; }

 private:
  const proxy::ProxySettings settings_;
  proxy::Probes probes_;
  routing::Ids cluster_ids_;
  routing::Ids route_ids_;
  gateway::Reaper reaper_;
  std::shared_ptr<const proxy::Runtime> runtime_;
  std::vector<std::unique_ptr<gateway::Worker>> workers_;
  gateway::Publisher publisher_{workers_, [](const std::function<void()>& function) { function(); }};
};

/// A port that was free a moment ago.
SocketAddress free_address() {
  const auto listener = listen_on_loopback();
  ::close(listener.fd);
  return listener.address;
}

int status_of(RawClient& client) {
  client.send(kGet);
  const auto response = client.read_response();
  return response ? response->status() : 0;
}

TEST_CASE("D4: listeners come and go without touching others") {
  ScriptedBackend backend;
  const auto first = free_address();
  const auto second = free_address();
  ListenerRig rig;
  rig.serve({first}, backend.address());
  RawClient on_first(first);
  REQUIRE(status_of(on_first) == 200);

  rig.serve({first, second}, backend.address());
  RawClient on_second(second);
  CHECK(status_of(on_second) == 200);
  CHECK(status_of(on_first) == 200);

  rig.serve({first}, backend.address());
  CHECK(on_second.is_closed());
  CHECK(status_of(on_first) == 200);
  const auto again = gateway::open_listening_sockets(second, 1);  // the port is free again
  CHECK(again.error.empty());
  for (const int fd : again.fds) ::close(fd);
}

TEST_CASE("D4: a connection in a listener's queue is served when the listener goes") {
  ScriptedBackend backend;
  const auto first = free_address();
  const auto second = free_address();
  ListenerRig rig;
  rig.serve({first, second}, backend.address());
  RawClient busy(second);
  backend.set_script([](BackendConnection& connection) {
    if (connection.read_request() && connection.hold()) connection.send(ScriptedBackend::kOk);
  });
  busy.send(kGet);
  REQUIRE(backend.wait_for_requests(1));
  rig.serve({first}, backend.address());
  backend.release();
  const auto response = busy.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
  CHECK(busy.is_closed());
}

TEST_CASE("D4: a port that is taken is an outcome with its reason, and the others serve") {
  ScriptedBackend backend;
  const auto taken = listen_on_loopback();
  const auto free = free_address();
  ListenerRig rig;
  rig.serve({taken.address, free}, backend.address());
  RawClient client(free);
  CHECK(status_of(client) == 200);
  CHECK(rig.publisher().has_failed_binds());
  for (const auto& outcome : rig.publisher().outcomes())
    CHECK(outcome.error.empty() == (outcome.address == free));

  ::close(taken.fd);  // the next publication tries again
  rig.serve({taken.address, free}, backend.address());
  CHECK_FALSE(rig.publisher().has_failed_binds());
  RawClient late(taken.address);
  CHECK(status_of(late) == 200);
}

}  // namespace
}  // namespace gatehouse::test
