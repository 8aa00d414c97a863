// SPDX-License-Identifier: Apache-2.0
// The rig itself: a request through a real worker, whole and byte by byte.
#include <catch2/catch.hpp>

#include "tests/support/wire_rig.h"

using namespace gatehouse::test;

namespace {

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n";

}  // namespace

TEST_CASE("a request goes through the worker and its answer comes back") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  for (const auto pace : {Pace::whole, Pace::byte_by_byte}) {
    auto client = gateway.connect(pace);
    REQUIRE(client.send(kGet));
    const auto response = client.read_response();
    REQUIRE(response);
    CHECK(response->status() == 200);
    CHECK(response->body == "ok");
  }
  REQUIRE(backend.requests().size() == 2);
  CHECK(backend.requests()[0].start_line == "GET /a HTTP/1.1");
  CHECK(backend.connections() == 1);
}

TEST_CASE("a published plan holds when publish returns") {
  ScriptedBackend backend;
  WirePlan plan;
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 404);
  plan.add_route("/", {backend.address()});
  gateway.publish(plan);
  client.send(kGet);
  response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
}

TEST_CASE("a rig that is left in the middle of an exchange cleans up") {
  ScriptedBackend backend([](BackendConnection& connection) { connection.hold(); });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  CHECK(backend.wait_for_connections(1));
}
