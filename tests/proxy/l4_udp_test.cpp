// SPDX-License-Identifier: Apache-2.0
// UDP sessions over real sockets: who gets what, for how long, and what a change of the configuration does.
#include <deque>
#include <map>
#include <set>

#include "tests/proxy/l4_rig.h"

namespace gatehouse::proxy {
namespace {

struct UdpRig : L4Rig {
  UdpRig() : L4Rig(ir::ListenerProtocol::udp) {}

  std::optional<std::string> take(UdpPeer& peer) {
    return wait_for([&] { return peer.take(); });
  }
  /// One datagram from `client` to `backend` and its answer back; what the client got.
  std::optional<std::string> ask(UdpPeer& client, UdpPeer& backend, std::string_view text) {
    client.send(text, address);
    const auto asked = take(backend);
    if (!asked) return std::nullopt;
    backend.send("re: " + *asked, backend.from);
    return take(client);
  }
};

}  // namespace

TEST_CASE("a datagram reaches the backend and its answer the client") {
  UdpPeer backend;
  UdpPeer client;
  UdpRig rig;
  rig.plan.add("a", {backend.address()});
  rig.serve();
  CHECK(rig.ask(client, backend, "one") == "re: one");
  CHECK(client.from == rig.address);
  const auto session = backend.from;
  CHECK(rig.ask(client, backend, "two") == "re: two");
  CHECK(backend.from == session);
  CHECK(rig.udp().sessions() == 1);
  CHECK(rig.route_metric("gatehouse_l4_connections_total") == "1");
  CHECK(rig.route_metric("gatehouse_l4_received_bytes_total") == "6");
  CHECK(rig.route_metric("gatehouse_l4_sent_bytes_total") == "14");
  CHECK(rig.metric("gatehouse_upstream_l4_sent_bytes_total{cluster=\"Service/test/a/1\"}") == "6");
}

TEST_CASE("two clients have sessions of their own") {
  UdpPeer backend;
  UdpPeer first;
  UdpPeer second;
  UdpRig rig;
  rig.plan.add("a", {backend.address()});
  rig.serve();
  first.send("first", rig.address);
  REQUIRE(rig.take(backend) == "first");
  const auto to_first = backend.from;
  second.send("second", rig.address);
  REQUIRE(rig.take(backend) == "second");
  const auto to_second = backend.from;
  CHECK(to_first != to_second);
  backend.send("for the second", to_second);
  backend.send("for the first", to_first);
  CHECK(rig.take(first) == "for the first");
  CHECK(rig.take(second) == "for the second");
}

TEST_CASE("many datagrams of many clients in one go arrive in each client's order") {
  UdpPeer backend;
  std::vector<std::unique_ptr<UdpPeer>> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(std::make_unique<UdpPeer>());
  UdpRig rig;
  rig.plan.add("a", {backend.address()});
  rig.serve();
  for (int n = 0; n < 20; ++n)
    for (auto& client : clients) client->send(std::to_string(n), rig.address);
  std::map<std::uint16_t, int> next;
  for (int i = 0; i < 100; ++i) {
    const auto got = rig.take(backend);
    REQUIRE(got);
    CHECK(*got == std::to_string(next[backend.from.port]++));
  }
  CHECK(next.size() == 5);
}

TEST_CASE("empty and very long datagrams pass, an answer of several too") {
  UdpPeer backend;
  UdpPeer client;
  UdpRig rig;
  rig.plan.add("a", {backend.address()});
  rig.serve();
  client.send("", rig.address);
  CHECK(rig.take(backend) == "");
  const std::string longest(65'507, 'x');
  client.send(longest, rig.address);
  CHECK(rig.take(backend) == longest);
  for (const auto* answer : {"a", "", "ccc"}) backend.send(answer, backend.from);
  CHECK(rig.take(client) == "a");
  CHECK(rig.take(client) == "");
  CHECK(rig.take(client) == "ccc");
}

TEST_CASE("a session ends after its timeout without datagrams either way") {
  UdpPeer backend;
  UdpPeer client;
  UdpRig rig;
  rig.plan.limits.udp_session_timeout = seconds(30);
  rig.plan.add("a", {backend.address()});
  rig.serve();
  REQUIRE(rig.ask(client, backend, "x"));
  rig.pass(seconds(20));
  backend.send("still here", backend.from);
  REQUIRE(rig.take(client) == "still here");
  rig.pass(seconds(20));
  CHECK(rig.udp().sessions() == 1);
  rig.pass(seconds(11));
  CHECK(rig.udp().sessions() == 0);
  CHECK(rig.route_metric("gatehouse_l4_connections") == "0");
  const auto before = backend.from;
  REQUIRE(rig.ask(client, backend, "anew") == "re: anew");
  CHECK(backend.from != before);
}

TEST_CASE("weights are per session; a backend that cannot be used keeps its share") {
  UdpPeer first;
  UdpPeer second;
  UdpRig rig;
  rig.plan.add("a", {first.address()}, 6);
  rig.plan.add("b", {second.address()}, 2);
  rig.plan.backends.push_back({"broken", {}, 2, true});
  rig.serve();
  int at_first = 0;
  int at_second = 0;
  std::deque<UdpPeer> clients;  // all at once: a port that came back would go on with an old session
  for (int i = 0; i < 200; ++i) {
    auto& client = clients.emplace_back();
    client.send("hello", rig.address);
    client.send("hello again", rig.address);
    rig.turn(2);
    const bool got_first = first.take().has_value();
    const bool got_second = second.take().has_value();
    if (got_first) CHECK(first.take() == "hello again");
    if (got_second) CHECK(second.take() == "hello again");
    CHECK_FALSE((got_first && got_second));
    at_first += got_first ? 1 : 0;
    at_second += got_second ? 1 : 0;
  }
  CHECK(at_first > 90);
  CHECK(at_first < 150);
  CHECK(at_second > 15);
  CHECK(at_second < 70);
  CHECK(at_first + at_second < 190);
  const auto lost = 200 - at_first - at_second;
  CHECK(rig.route_metric("gatehouse_l4_refused_total") == std::to_string(lost));
  CHECK(rig.route_metric("gatehouse_l4_datagrams_dropped_total") == std::to_string(2 * lost));
}

TEST_CASE("a backend that refuses is counted, and the session goes to another endpoint") {
  UdpPeer gone;
  UdpPeer backend;
  const auto refusing = gone.address();
  gone.stop();
  UdpPeer client;
  UdpRig rig;
  rig.plan.add("a", {refusing, backend.address()});
  rig.serve();
  std::optional<std::string> got;
  for (int i = 0; i < 5 && !got; ++i) {
    client.send("anybody", rig.address);
    rig.turn();
    got = backend.take();
  }
  CHECK(got == "anybody");
  for (int i = 0; i < 3; ++i) CHECK(rig.ask(client, backend, "again") == "re: again");
}

TEST_CASE("a refusal by the only endpoint is counted") {
  UdpPeer gone;
  const auto refusing = gone.address();
  gone.stop();
  UdpPeer client;
  UdpRig rig;
  rig.plan.add("a", {refusing});
  rig.serve();
  client.send("anybody", rig.address);
  rig.turn();
  CHECK(rig.metric("gatehouse_upstream_connect_failures_total{cluster=\"Service/test/a/1\"}") == "1");
  CHECK(rig.udp().sessions() == 1);
}

TEST_CASE("beyond the limit no new sessions begin") {
  UdpPeer backend;
  UdpPeer first;
  UdpPeer second;
  UdpRig rig;
  rig.plan.limits.max_udp_sessions = 1;
  rig.plan.add("a", {backend.address()});
  rig.serve();
  REQUIRE(rig.ask(first, backend, "x"));
  second.send("one too many", rig.address);
  rig.turn();
  CHECK_FALSE(backend.take());
  CHECK(rig.ask(first, backend, "y") == "re: y");
  CHECK(rig.udp().sessions() == 1);
}

TEST_CASE("a session stays where it is when other backends come and weights change") {
  UdpPeer first;
  UdpPeer second;
  UdpPeer client;
  UdpRig rig;
  rig.plan.add("a", {first.address()});
  rig.serve();
  REQUIRE(rig.ask(client, first, "x"));
  const auto session = first.from;
  rig.plan.add("b", {second.address()}, 100);
  rig.publish();
  CHECK(rig.ask(client, first, "y") == "re: y");
  CHECK(first.from == session);
}

TEST_CASE("sessions of a removed backend go to another one") {
  UdpPeer first;
  UdpPeer second;
  UdpPeer client;
  UdpRig rig;
  rig.plan.add("a", {first.address()});
  rig.serve();
  REQUIRE(rig.ask(client, first, "x"));
  SECTION("the endpoint") {
    rig.plan.backends[0].endpoints = {second.address()};
  }
  SECTION("the whole backend") {
    rig.plan.backends.clear();
    rig.plan.add("b", {second.address()});
  }
  SECTION("by weight 0") {
    rig.plan.backends[0].weight = 0;
    rig.plan.add("b", {second.address()});
  }
  rig.publish();
  CHECK(rig.ask(client, second, "y") == "re: y");
  CHECK_FALSE(first.take());
  CHECK(rig.udp().sessions() == 1);
}

TEST_CASE("without a route datagrams are dropped and no session begins") {
  UdpPeer backend;
  UdpPeer client;
  UdpRig rig;
  rig.plan.add("a", {backend.address()});
  rig.plan.has_route = false;
  rig.serve();
  client.send("x", rig.address);
  rig.turn();
  CHECK(rig.udp().sessions() == 0);
  rig.plan.has_route = true;
  rig.publish();
  CHECK(rig.ask(client, backend, "y") == "re: y");
  rig.plan.has_route = false;
  rig.publish();
  CHECK(rig.udp().sessions() == 0);
}

TEST_CASE("the circuit breaker bounds the sessions of a cluster") {
  UdpPeer backend;
  UdpPeer first;
  UdpPeer second;
  UdpRig rig;
  rig.plan.change_cluster = [](ir::Cluster& cluster) { cluster.breaker.max_connections = 1; };
  rig.plan.add("a", {backend.address()});
  rig.serve();
  REQUIRE(rig.ask(first, backend, "x"));
  second.send("one too many", rig.address);
  rig.turn();
  CHECK_FALSE(backend.take());
  rig.pass(seconds(31));
  CHECK(rig.ask(second, backend, "now") == "re: now");
}

TEST_CASE("draining, sessions go on and no new ones begin") {
  UdpPeer backend;
  UdpPeer first;
  UdpPeer second;
  UdpRig rig;
  rig.plan.add("a", {backend.address()});
  rig.serve();
  REQUIRE(rig.ask(first, backend, "x"));
  rig.udp().stop_accepting();
  second.send("new", rig.address);
  rig.turn();
  CHECK_FALSE(backend.take());
  CHECK(rig.ask(first, backend, "y") == "re: y");
}

}  // namespace gatehouse::proxy
