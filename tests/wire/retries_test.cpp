// SPDX-License-Identifier: Apache-2.0
// HTTPRouteRetry as of Gateway API v1.7: what is tried again, how often, and with which body; and how long a
// stream may last.
#include <atomic>
#include <catch2/catch.hpp>

#include "tests/support/wire_rig.h"
#include "tests/wire/addresses.h"

namespace gatehouse::test {
namespace {

using std::chrono::milliseconds;
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";

std::string answer(int status, std::string_view body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

/// Answers the requests of all connections in turn with `answers`, then with "200 done".
ScriptedBackend::Script in_turn(std::vector<std::string> answers) {
  auto next = std::make_shared<std::atomic<std::size_t>>(0);
  return [answers = std::move(answers), next](BackendConnection& connection) {
    while (connection.read_request()) {
      const auto index = next->fetch_add(1);
      if (!connection.send(index < answers.size() ? answers[index] : answer(200, "done"))) return;
    }
  };
}

WirePlan plan_for(const ScriptedBackend& backend, std::uint32_t attempts, std::vector<std::uint16_t> codes) {
  WirePlan plan;
  auto& retry = plan.add_route("/", {backend.address()}).rule().retry;
  retry.attempts = attempts;
  retry.codes = std::move(codes);
  retry.backoff = milliseconds(1);
  return plan;
}

std::optional<WireMessage> ask(WireGateway& gateway, std::string_view request) {
  auto client = gateway.connect();
  client.send(request);
  return client.read_response();
}

TEST_CASE("retry: a listed status is tried again until the attempts are used up") {
  ScriptedBackend backend(in_turn({answer(503, "no"), answer(500, "no")}));
  WireGateway gateway(plan_for(backend, 2, {500, 503}));
  const auto response = ask(gateway, kGet);
  REQUIRE(response);
  CHECK(response->status() == 200);
  CHECK(response->body == "done");
  CHECK(backend.requests().size() == 3);
}

TEST_CASE("retry: the last answer is the client's when all attempts failed") {
  ScriptedBackend backend(in_turn({answer(500, "one"), answer(500, "two"), answer(500, "three")}));
  WireGateway gateway(plan_for(backend, 1, {500}));
  const auto response = ask(gateway, kGet);
  REQUIRE(response);
  CHECK(response->status() == 500);
  CHECK(response->body == "two");
  CHECK(backend.requests().size() == 2);
}

TEST_CASE("retry: a status that is not listed is not tried again") {
  ScriptedBackend backend(in_turn({answer(502, "no")}));
  WireGateway gateway(plan_for(backend, 3, {500, 503}));
  const auto response = ask(gateway, kGet);
  REQUIRE(response);
  CHECK(response->status() == 502);
  CHECK(backend.requests().size() == 1);
}

TEST_CASE("retry: attempts of zero switch it off") {
  ScriptedBackend backend(in_turn({answer(500, "no")}));
  WireGateway gateway(plan_for(backend, 0, {500}));
  const auto response = ask(gateway, kGet);
  REQUIRE(response);
  CHECK(response->status() == 500);
  CHECK(backend.requests().size() == 1);
}

TEST_CASE("retry: a reset after the request was sent is not tried again unless the route says so") {
  const bool on_reset = GENERATE(false, true);
  std::atomic<int> seen{0};
  ScriptedBackend backend([&seen](BackendConnection& connection) {
    while (connection.read_request()) {
      if (seen++ == 0) return connection.reset();
      if (!connection.send(ScriptedBackend::kOk)) return;
    }
  });
  auto plan = plan_for(backend, 2, {});
  plan.routes.front().rule().retry.on_reset = on_reset;
  WireGateway gateway(plan);
  const auto response = ask(gateway, kGet);
  REQUIRE(response);
  CHECK(response->status() == (on_reset ? 200 : 502));
  CHECK(seen == (on_reset ? 2 : 1));
}

TEST_CASE("retry: the body that came with the head is sent again") {
  ScriptedBackend backend(in_turn({answer(503, "no"), answer(503, "no")}));
  WireGateway gateway(plan_for(backend, 2, {503}));
  const auto response = ask(gateway, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello");
  REQUIRE(response);
  CHECK(response->status() == 200);
  const auto requests = backend.requests();
  REQUIRE(requests.size() == 3);
  for (const auto& request : requests) CHECK(request.body == "hello");
}

TEST_CASE("retry: a body that came in pieces is sent again, trailers included") {
  ScriptedBackend backend(in_turn({answer(503, "no")}));
  WireGateway gateway(plan_for(backend, 1, {503}));
  auto client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n");
  gateway.settle();
  client.send("5\r\nfirst\r\n");
  gateway.settle();
  client.send("6\r\nsecond\r\n0\r\nX-Sum: 7\r\n\r\n");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
  const auto requests = backend.requests();
  REQUIRE(requests.size() == 2);
  for (const auto& request : requests) {
    CHECK(request.body == "firstsecond");
    CHECK(request.trailers.find("X-Sum: 7") != std::string::npos);
  }
}

TEST_CASE("retry: a body of which nothing came before the answer is sent to the next try") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (connection.index() != 0)
      return ScriptedBackend::answering(std::string(ScriptedBackend::kOk))(connection);
    if (!connection.wait_for("\r\n\r\n")) return;
    connection.send("HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  WireGateway gateway(plan_for(backend, 1, {503}));
  auto client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\n");
  REQUIRE(backend.wait_for_connections(2));
  client.send("first");
  gateway.settle();
  client.send("later");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
  const auto requests = backend.requests();
  REQUIRE(!requests.empty());
  CHECK(requests.back().body == "firstlater");
}

TEST_CASE("retry: a body larger than what is kept is not sent again") {
  ScriptedBackend backend(in_turn({answer(503, "no")}));
  WireGateway gateway(plan_for(backend, 3, {503}));
  const std::string body(200 * 1024, 'x');
  const auto response =
      ask(gateway, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: " + std::to_string(body.size()) +
                       "\r\n\r\n" + body);
  REQUIRE(response);
  CHECK(response->status() == 503);
  CHECK(backend.requests().size() == 1);
}

TEST_CASE("retry: an endpoint that refuses is not asked again while another is there") {
  const RefusingAddress refusing;
  ScriptedBackend backend;
  WirePlan plan;
  auto& retry = plan.add_route("/", {refusing.address(), backend.address()}).rule().retry;
  retry.attempts = 100;
  retry.backoff = milliseconds(1);
  WireGateway gateway(plan);
  for (int i = 0; i < 10; ++i) {
    const auto response = ask(gateway, kGet);
    REQUIRE(response);
    CHECK(response->status() == 200);
  }
  CHECK(backend.requests().size() == 10);
}

TEST_CASE("retry: the request timeout covers all tries") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (connection.read_request()) connection.hold();
  });
  auto plan = plan_for(backend, 50, {504});
  plan.routes.front().rule().timeouts.request = milliseconds(150);
  plan.routes.front().rule().timeouts.backend_request = milliseconds(40);
  WireGateway gateway(plan);
  const auto response = ask(gateway, kGet);
  REQUIRE(response);
  CHECK(response->status() == 504);
  CHECK(backend.connections() >= 2);
  CHECK(backend.connections() <= 5);
}

TEST_CASE("retry: a client that leaves ends the tries") {
  ScriptedBackend backend(in_turn(std::vector<std::string>(1000, answer(503, "no"))));
  auto plan = plan_for(backend, 1000, {503});
  plan.routes.front().rule().retry.backoff = milliseconds(200);
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  REQUIRE(backend.wait_for_requests(1));
  client.reset();
  gateway.settle();
  CHECK(backend.requests().size() <= 2);
}

TEST_CASE("max_stream: a tunnel and an endless answer end with it") {
  ScriptedBackend backend([](BackendConnection& connection) {
    const auto request = connection.read_request();
    if (!request) return;
    const bool upgrades = !request->field("Upgrade").empty();
    connection.send(upgrades ? "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
                             : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n");
    connection.wait_for_close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()}).rule().timeouts.max_stream = milliseconds(100);
  WireGateway gateway(plan);
  auto client = gateway.connect();
  const auto fields = GENERATE("Connection: upgrade\r\nUpgrade: websocket\r\n", "");
  client.send("GET / HTTP/1.1\r\nHost: a.test\r\n" + std::string(fields) + "\r\n");
  CHECK(client.is_closed());
  CHECK(backend.wait_until_closed());
}

}  // namespace
}  // namespace gatehouse::test
