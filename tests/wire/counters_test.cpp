// SPDX-License-Identifier: Apache-2.0
// What a client did, or had done to it, shows in the counters.
#include <catch2/catch.hpp>

#include "tests/support/wire_rig.h"

namespace gatehouse::test {
namespace {

using namespace std::chrono_literals;

std::string refused(const WireGateway& gateway, const std::string& reason) {
  return gateway.metric("gatehouse_downstream_refused_total{reason=\"" + reason + "\"}");
}

constexpr const char* kChunkedPost = "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("a tunnel is counted for as long as it is open") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.wait_for("\r\n\r\n")) return;
    connection.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello");
    connection.wait_for_close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  CHECK(gateway.metric("gatehouse_tunnels") == "0");

  auto client = gateway.connect();
  client.send("GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  REQUIRE(client.read_response());
  REQUIRE(client.wait_for("hello"));
  CHECK(gateway.metric("gatehouse_tunnels") == "1");

  client.close();
  CHECK(backend.wait_until_closed());
  gateway.settle();
  CHECK(gateway.metric("gatehouse_tunnels") == "0");
}

TEST_CASE("a body over the limit is counted, announced or not") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.limits.max_body_bytes = 4;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);

  auto announced = gateway.connect();
  announced.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello");
  REQUIRE(announced.read_response());
  gateway.settle();
  CHECK(refused(gateway, "body_too_large") == "1");

  auto chunked = gateway.connect();
  chunked.send(kChunkedPost);
  REQUIRE(backend.wait_for_connections(1));
  chunked.send("5\r\nhello\r\n");
  REQUIRE(chunked.read_response());
  gateway.settle();
  CHECK(refused(gateway, "body_too_large") == "2");
}

TEST_CASE("a body that stops and a broken chunk are counted each by its own reason") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.limits.body_idle_timeout = 50ms;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);

  auto slow = gateway.connect();
  slow.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhe");
  const auto timed_out = slow.read_response();
  REQUIRE(timed_out);
  CHECK(timed_out->status() == 408);
  gateway.settle();
  CHECK(refused(gateway, "body_timeout") == "1");

  auto broken = gateway.connect();
  broken.send(kChunkedPost);
  REQUIRE(backend.wait_for_connections(2));
  broken.send("zz\r\n");
  const auto malformed = broken.read_response();
  REQUIRE(malformed);
  CHECK(malformed->status() == 400);
  gateway.settle();
  CHECK(refused(gateway, "malformed") == "1");
  CHECK(refused(gateway, "body_timeout") == "1");
}

TEST_CASE("a client that takes nothing of its response is counted when it is cut off") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.read_request()) return;
    if (!connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")) return;
    const std::string block(1 << 16, 'x');
    while (connection.send(block)) {
    }
  });
  WirePlan plan;
  plan.limits.send_timeout = 50ms;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  REQUIRE(backend.wait_for_requests(1));
  CHECK(backend.wait_until_closed());
  gateway.settle();
  CHECK(refused(gateway, "send_timeout") == "1");
  CHECK(refused(gateway, "body_timeout") == "0");
}

}  // namespace gatehouse::test
