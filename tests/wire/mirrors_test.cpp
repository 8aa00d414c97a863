// SPDX-License-Identifier: Apache-2.0
// RequestMirror on the wire: the copy is whole, and the request neither waits for it nor fails with it.
#include <catch2/catch.hpp>

#include "tests/support/wire_rig.h"
#include "tests/wire/addresses.h"

namespace gatehouse::test {
namespace {

constexpr std::string_view kGet = "GET /a?b=1 HTTP/1.1\r\nHost: a.test\r\nX-Mine: yes\r\n\r\n";

/// A rule to `backend` whose requests are copied to `mirror`.
WirePlan plan_for(const SocketAddress& backend, const SocketAddress& mirror, std::uint32_t percent = 100) {
  WirePlan plan;
  plan.add_route("/never/", {mirror});
  auto& filters = plan.add_route("/", {backend}).rule().filters;
  filters.mirrors.push_back({plan.clusters.front().key, percent, 100});
  return plan;
}

int status_of(RawClient& client, std::string_view request) {
  client.send(request);
  const auto response = client.read_response();
  return response ? response->status() : 0;
}

TEST_CASE("mirror: the copy has the request's target, host and fields") {
  ScriptedBackend backend;
  ScriptedBackend mirror;
  WireGateway gateway(plan_for(backend.address(), mirror.address()));
  auto client = gateway.connect();
  CHECK(status_of(client, kGet) == 200);
  REQUIRE(mirror.wait_for_requests(1));
  const auto copy = mirror.requests().at(0);
  CHECK(copy.start_line == "GET /a?b=1 HTTP/1.1");
  CHECK(copy.field("Host") == "a.test");
  CHECK(copy.field("X-Mine") == "yes");
}

TEST_CASE("mirror: bodies are copied, however they come") {
  ScriptedBackend backend;
  ScriptedBackend mirror;
  WireGateway gateway(plan_for(backend.address(), mirror.address()));
  auto client = gateway.connect();
  CHECK(status_of(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello") == 200);
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  gateway.settle();
  client.send("3\r\none\r\n");
  gateway.settle();
  client.send("3\r\ntwo\r\n0\r\n\r\n");
  REQUIRE(client.read_response());
  REQUIRE(mirror.wait_for_requests(2));
  CHECK(mirror.requests().at(0).body == "hello");
  CHECK(mirror.requests().at(1).body == "onetwo");
  CHECK(backend.requests().at(1).body == "onetwo");
}

TEST_CASE("mirror: a body larger than what is kept goes to the backend alone") {
  ScriptedBackend backend;
  ScriptedBackend mirror;
  WireGateway gateway(plan_for(backend.address(), mirror.address()));
  auto client = gateway.connect();
  const std::string body(300 * 1024, 'x');
  CHECK(status_of(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body) == 200);
  gateway.settle();
  CHECK(backend.requests().at(0).body == body);
  CHECK(mirror.requests().empty());
  CHECK(gateway.metric("gatehouse_mirrors_dropped_total") == "1");
}

TEST_CASE("mirror: a mirror that is silent, broken or away neither delays nor fails the request") {
  ScriptedBackend backend;
  SECTION("silent") {
    ScriptedBackend mirror([](BackendConnection& connection) {
      if (connection.read_request()) connection.hold();
    });
    WireGateway gateway(plan_for(backend.address(), mirror.address()));
    auto client = gateway.connect();
    for (int i = 0; i < 5; ++i) CHECK(status_of(client, kGet) == 200);
    CHECK(mirror.wait_for_requests(5));
  }
  SECTION("broken") {
    ScriptedBackend mirror([](BackendConnection& connection) {
      if (connection.read_request()) connection.send("nonsense\r\n\r\n");
    });
    WireGateway gateway(plan_for(backend.address(), mirror.address()));
    auto client = gateway.connect();
    for (int i = 0; i < 5; ++i) CHECK(status_of(client, kGet) == 200);
    CHECK(mirror.wait_for_requests(1));
  }
  SECTION("away") {
    const RefusingAddress refusing;
    WireGateway gateway(plan_for(backend.address(), refusing.address()));
    auto client = gateway.connect();
    for (int i = 0; i < 5; ++i) CHECK(status_of(client, kGet) == 200);
  }
  CHECK(backend.requests().size() == 5);
}

TEST_CASE("mirror: a share of nothing is nothing") {
  ScriptedBackend backend;
  ScriptedBackend mirror;
  WireGateway gateway(plan_for(backend.address(), mirror.address(), 0));
  auto client = gateway.connect();
  for (int i = 0; i < 20; ++i) CHECK(status_of(client, kGet) == 200);
  gateway.settle();
  CHECK(mirror.connections() == 0);
}

}  // namespace
}  // namespace gatehouse::test
