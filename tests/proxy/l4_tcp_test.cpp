// SPDX-License-Identifier: Apache-2.0
// TCP routes over real sockets: choice of the backend, failures, counters, changes of the configuration.
#include "tests/proxy/l4_rig.h"

#include "tests/wire/addresses.h"

namespace gatehouse::proxy {
namespace {

struct TcpRig : L4Rig {
  TcpRig() : L4Rig(ir::ListenerProtocol::tcp) {}

  WireSocket accept(TcpPeer& backend) {
    auto taken = wait_for([&] { return backend.take(); });
    REQUIRE(taken);
    return std::move(*taken);
  }
};

}  // namespace

TEST_CASE("a TCP connection reaches the backend before its first byte") {
  TcpPeer backend;
  TcpRig rig;
  rig.plan.add("a", {backend.address()});
  rig.serve();
  auto client = rig.connect();
  auto server = rig.accept(backend);
  REQUIRE(server.write("220 ready"));
  CHECK(rig.read(client, 9) == "220 ready");
  REQUIRE(client.write("HELO"));
  CHECK(rig.read(server, 4) == "HELO");
  CHECK(rig.open_connections() == 1);
  CHECK(rig.metric("gatehouse_tunnels") == "1");
  CHECK(rig.route_metric("gatehouse_l4_connections") == "1");
  client.close();
  CHECK(rig.read_end(server) == WireSocket::Got::end);
  server.close();
  CHECK(rig.wait_for([&] { return rig.open_connections() == 0; }));
  CHECK(rig.route_metric("gatehouse_l4_connections_total") == "1");
  CHECK(rig.route_metric("gatehouse_l4_connections") == "0");
  CHECK(rig.route_metric("gatehouse_l4_received_bytes_total") == "4");
  CHECK(rig.route_metric("gatehouse_l4_sent_bytes_total") == "9");
  CHECK(rig.metric("gatehouse_upstream_l4_received_bytes_total{cluster=\"Service/test/a/1\"}") == "9");
  CHECK(rig.metric("gatehouse_upstream_connections{cluster=\"Service/test/a/1\"}") == "0");
}

TEST_CASE("bytes sent before the backend is connected are not lost, nor is a FIN") {
  TcpPeer backend;
  TcpRig rig;
  rig.plan.add("a", {backend.address()});
  rig.serve();
  auto client = rig.connect();
  REQUIRE(client.write("early"));
  client.half_close();
  auto server = rig.accept(backend);
  CHECK(rig.read(server, 5) == "early");
  CHECK(rig.read_end(server) == WireSocket::Got::end);
  REQUIRE(server.write("late"));
  CHECK(rig.read(client, 4) == "late");
}

TEST_CASE("without a backend a TCP connection is reset") {
  TcpPeer backend;
  TcpRig rig;
  rig.plan.add("a", {backend.address()});
  SECTION("an invalid reference") {
    rig.plan.backends[0].broken = true;
  }
  SECTION("no endpoint") {
    rig.plan.backends[0].endpoints.clear();
  }
  SECTION("no backend at all") {
    rig.plan.backends.clear();
  }
  SECTION("weight 0") {
    rig.plan.backends[0].weight = 0;
  }
  SECTION("no route") {
    rig.plan.has_route = false;
  }
  rig.serve();
  auto client = rig.connect();
  CHECK(rig.read_end(client) == WireSocket::Got::reset);
  CHECK_FALSE(backend.take());
  CHECK(rig.wait_for([&] { return rig.open_connections() == 0; }));
  if (rig.plan.has_route) CHECK(rig.route_metric("gatehouse_l4_refused_total") == "1");
}

TEST_CASE("an endpoint that refuses is passed over for another") {
  test::RefusingAddress refusing;
  TcpPeer backend;
  TcpRig rig;
  rig.plan.add("a", {refusing.address(), backend.address()});
  rig.serve();
  for (int i = 0; i < 4; ++i) {
    auto client = rig.connect();
    auto server = rig.accept(backend);
    REQUIRE(server.write("x"));
    CHECK(rig.read(client, 1) == "x");
  }
}

TEST_CASE("an endpoint that does not answer costs the connect timeout") {
  test::SilentAddress silent;
  TcpRig rig;
  rig.plan.change_cluster = [](ir::Cluster& cluster) { cluster.pool.connect_timeout = seconds(3); };
  rig.plan.add("a", {silent.address()});
  rig.serve();
  auto client = rig.connect();
  rig.turn();
  CHECK(rig.open_connections() == 1);
  for (int i = 0; i < 20 && rig.open_connections() != 0; ++i) rig.pass(seconds(1));
  CHECK(rig.read_end(client) == WireSocket::Got::reset);
}

TEST_CASE("a client that resets while the backend is connected frees everything") {
  test::SilentAddress silent;
  TcpRig rig;
  rig.plan.add("a", {silent.address()});
  rig.serve();
  auto client = rig.connect();
  rig.turn();
  REQUIRE(rig.open_connections() == 1);
  client.reset();
  CHECK(rig.wait_for([&] { return rig.open_connections() == 0; }));
}

TEST_CASE("weights are per connection") {
  TcpPeer first;
  TcpPeer second;
  TcpPeer never;
  TcpRig rig;
  rig.plan.add("a", {first.address()}, 7);
  rig.plan.add("b", {second.address()}, 3);
  rig.plan.add("c", {never.address()}, 0);
  rig.serve();
  int at_first = 0;
  int at_second = 0;
  for (int i = 0; i < 200; ++i) {
    auto client = rig.connect();
    const auto taken = rig.wait_for([&] { return first.take() ? 1 : second.take() ? 2 : 0; });
    (taken == 1 ? at_first : at_second) += 1;
    client.reset();
  }
  CHECK(at_first + at_second == 200);
  CHECK(at_first > 110);
  CHECK(at_first < 170);
  CHECK_FALSE(never.take());
}

TEST_CASE("the circuit breaker bounds the connections of a cluster") {
  TcpPeer backend;
  TcpRig rig;
  rig.plan.change_cluster = [](ir::Cluster& cluster) {
    cluster.breaker.max_connections = 1;
    cluster.pool.connect_timeout = seconds(1);
  };
  rig.plan.add("a", {backend.address()});
  rig.serve();
  auto first = rig.connect();
  auto server = rig.accept(backend);
  auto second = rig.connect();
  rig.turn();
  for (int i = 0; i < 5 && rig.open_connections() > 1; ++i) rig.pass(seconds(1));
  CHECK(rig.read_end(second) == WireSocket::Got::reset);
  first.close();
  server.close();
  REQUIRE(rig.wait_for([&] { return rig.open_connections() == 0; }));
  auto third = rig.connect();
  rig.accept(backend);
}

TEST_CASE("an open connection outlives its route, its backend and its listener") {
  TcpPeer backend;
  TcpPeer other;
  TcpRig rig;
  rig.plan.add("a", {backend.address()});
  rig.serve();
  auto client = rig.connect();
  auto server = rig.accept(backend);
  SECTION("another route") {
    rig.plan.route = "other";
  }
  SECTION("another endpoint") {
    rig.plan.backends[0].endpoints = {other.address()};
  }
  SECTION("another backend") {
    rig.plan.backends.clear();
    rig.plan.add("b", {other.address()});
  }
  SECTION("no route") {
    rig.plan.backends.clear();
    rig.plan.has_route = false;
  }
  SECTION("no listener") {
    rig.acceptor().stop_accepting();
  }
  rig.publish();
  rig.acceptor().close_idle();
  REQUIRE(client.write("ping"));
  CHECK(rig.read(server, 4) == "ping");
  REQUIRE(server.write("pong"));
  CHECK(rig.read(client, 4) == "pong");
  client.close();
  CHECK(rig.read_end(server) == WireSocket::Got::end);
}

TEST_CASE("an idle TCP connection ends after the tunnel's idle timeout") {
  TcpPeer backend;
  TcpRig rig;
  rig.plan.limits.tunnel_idle_timeout = seconds(60);
  rig.plan.add("a", {backend.address()});
  rig.serve();
  auto client = rig.connect();
  auto server = rig.accept(backend);
  rig.turn();
  rig.pass(seconds(59));
  CHECK(rig.open_connections() == 1);
  rig.pass(seconds(2));
  CHECK(rig.read_end(client) == WireSocket::Got::end);
  CHECK(rig.read_end(server) == WireSocket::Got::end);
}

TEST_CASE("the end of the process resets what is open") {
  TcpPeer backend;
  TcpRig rig;
  rig.plan.add("a", {backend.address()});
  rig.serve();
  auto client = rig.connect();
  auto server = rig.accept(backend);
  rig.turn();
  rig.acceptor().abort_all();
  CHECK(rig.read_end(client) == WireSocket::Got::reset);
  CHECK(rig.read_end(server) == WireSocket::Got::reset);
  CHECK(rig.wait_for([&] { return rig.open_connections() == 0; }));
}

}  // namespace gatehouse::proxy
