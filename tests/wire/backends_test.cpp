// SPDX-License-Identifier: Apache-2.0
// Rules B: what backends do wrong, and what the client and the next request see of it.
#include <catch2/catch.hpp>

#include "tests/support/wire_rig.h"
#include "tests/wire/addresses.h"

namespace gatehouse::test {
namespace {

using std::chrono::milliseconds;
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
constexpr std::string_view kPost = "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi";
constexpr std::string_view kChunkedPost =
    "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";

/// Answers the first request of the first connection, then meets the second with `then`; every further
/// connection answers all.
ScriptedBackend::Script first_connection_then(std::function<void(BackendConnection&)> then) {
  return [then = std::move(then)](BackendConnection& connection) {
    if (connection.index() > 0)
      return ScriptedBackend::answering(std::string(ScriptedBackend::kOk))(connection);
    if (!connection.read_request() || !connection.send(ScriptedBackend::kOk)) return;
    then(connection);
  };
}

int status_of(RawClient& client, std::string_view request) {
  client.send(request);
  const auto response = client.read_response();
  return response ? response->status() : 0;
}

TEST_CASE("B1: a refused connection is tried on the next endpoint, whatever the method") {
  const RefusingAddress refusing;
  ScriptedBackend backend;
  WirePlan plan;
  plan.add_route("/", {refusing.address(), backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  for (const auto request : {kGet, kPost, kGet, kPost}) CHECK(status_of(client, request) == 200);
  CHECK(backend.requests().size() == 4);
}

TEST_CASE("B1: 503 when no endpoint can be reached") {
  const RefusingAddress refusing;
  WirePlan plan;
  plan.add_route("/", {refusing.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  CHECK(status_of(client, kGet) == 503);
  CHECK(status_of(client, kPost) == 503);
}

TEST_CASE("B1: a connect that takes too long is tried on the next endpoint") {
  const SilentAddress silent;
  ScriptedBackend backend;
  WirePlan plan;
  plan.pool.connect_timeout = milliseconds(100);
  plan.add_route("/", {silent.address(), backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  CHECK(status_of(client, kPost) == 200);
  CHECK(status_of(client, kPost) == 200);
  CHECK(backend.requests().size() == 2);
}

TEST_CASE("B1: 503 when every connect takes too long") {
  const SilentAddress silent;
  WirePlan plan;
  plan.pool.connect_timeout = milliseconds(50);
  plan.add_route("/", {silent.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  CHECK(status_of(client, kGet) == 503);
}

TEST_CASE("B2: a warm connection that dies before the answer is retried once for GET") {
  ScriptedBackend backend(first_connection_then([](BackendConnection& connection) {
    if (!connection.read_request()) return;
    connection.index() % 2 == 0 ? connection.reset() : connection.close();
  }));
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  REQUIRE(status_of(client, kGet) == 200);
  CHECK(status_of(client, kGet) == 200);
  CHECK(backend.connections() == 2);
  CHECK(backend.requests().size() == 3);
}

TEST_CASE("B2: a POST on a warm connection that dies is not sent again") {
  ScriptedBackend backend(first_connection_then([](BackendConnection& connection) {
    if (connection.read_request()) connection.close();
  }));
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  REQUIRE(status_of(client, kGet) == 200);
  CHECK(status_of(client, kPost) == 502);
  CHECK(backend.requests().size() == 2);
}

TEST_CASE("B2: a retry is not retried") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.read_request()) return;
    if (connection.index() == 0) {
      connection.send(ScriptedBackend::kOk);
      if (!connection.read_request()) return;
    }
    connection.close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  REQUIRE(status_of(client, kGet) == 200);
  CHECK(status_of(client, kGet) == 502);
  CHECK(backend.connections() == 2);
}

TEST_CASE("B2: a fresh connection that dies is not retried") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (connection.read_request()) connection.reset();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  CHECK(status_of(client, kGet) == 502);
  CHECK(backend.connections() == 1);
}

TEST_CASE("B2: an answer that has begun is never retried") {
  ScriptedBackend backend(first_connection_then([](BackendConnection& connection) {
    if (!connection.read_request()) return;
    connection.send("HTTP/1.1 2");
    connection.close();
  }));
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  REQUIRE(status_of(client, kGet) == 200);
  CHECK(status_of(client, kGet) == 502);
  CHECK(backend.connections() == 1);
}

TEST_CASE("B3: a backend that ends within the head is a 502") {
  const bool reset = GENERATE(false, true);
  ScriptedBackend backend([reset](BackendConnection& connection) {
    if (!connection.read_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Le");
    reset ? connection.reset() : connection.close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  CHECK(status_of(client, kGet) == 502);
  CHECK(status_of(client, kGet) == 502);  // the client's connection goes on
}

TEST_CASE("B3: a body cut short never ends cleanly for the client") {
  const auto response = GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n");
  const bool old_client = GENERATE(false, true);
  ScriptedBackend backend([response](BackendConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(response);
    connection.close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(old_client ? "GET / HTTP/1.0\r\nHost: a.test\r\n\r\n" : kGet);
  CHECK_FALSE(client.read_response());
  CHECK(client.is_closed());
  // A body that ends with the connection is complete to whoever sees FIN: only RST tells.
  if (old_client) CHECK(client.was_reset());
}

TEST_CASE("B4: a backend that does not answer in time is a 504 and is let go") {
  ScriptedBackend backend([](BackendConnection& connection) { connection.wait_for_close(); });
  WirePlan plan;
  auto& route = plan.add_route("/", {backend.address()});
  SECTION("timeouts.request") {
    route.rule().timeouts.request = milliseconds(100);
  }
  SECTION("timeouts.backendRequest") {
    route.rule().timeouts.backend_request = milliseconds(100);
  }
  SECTION("the cluster's read timeout") {
    plan.clusters.front().pool.read_timeout = milliseconds(100);
  }
  WireGateway gateway(plan);
  auto client = gateway.connect();
  CHECK(status_of(client, kGet) == 504);
  CHECK(backend.wait_until_closed());
}

TEST_CASE("B4: a body that stops after the head is cut off, not completed") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.read_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    connection.wait_for_close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()}).rule().timeouts.request = milliseconds(150);
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  CHECK_FALSE(client.read_response());
  CHECK(client.rest().substr(0, 12) == "HTTP/1.1 200");
  CHECK(client.is_closed());
  CHECK(backend.wait_until_closed());
}

TEST_CASE("B5: FIN from a client that waits cancels its request") {
  ScriptedBackend backend([](BackendConnection& connection) {
    connection.read_request();
    connection.wait_for_close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  REQUIRE(backend.wait_for_requests(1));
  client.half_close();
  CHECK(client.is_closed());
  CHECK(client.rest().empty());
  CHECK(backend.wait_until_closed());
}

TEST_CASE("B5: with half-close=keep the answer still comes") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (connection.read_request() && connection.hold()) connection.send(ScriptedBackend::kOk);
  });
  WirePlan plan;
  plan.settings.half_close = proxy::HalfClose::keep;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  REQUIRE(backend.wait_for_requests(1));
  client.half_close();
  gateway.settle();
  backend.release();
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
  CHECK(client.is_closed());
}

TEST_CASE("B6: an invalid response is a 502 and its connection is dropped") {
  const auto response = GENERATE(
      as<std::string>{}, "HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 abc X\r\nContent-Length: 0\r\n\r\n",
      "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTQ/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "<html>an answer of HTTP/0.9</html>\r\n\r\n",
      "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\na",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
      "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
  ScriptedBackend backend(ScriptedBackend::answering(response));
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  INFO(response);
  CHECK(status_of(client, kGet) == 502);
  CHECK(backend.wait_until_closed());
}

TEST_CASE("B6: a response head of more than 64 KiB is a 502") {
  ScriptedBackend backend(ScriptedBackend::answering("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') +
                                                     "\r\nContent-Length: 0\r\n\r\n"));
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  CHECK(status_of(client, kGet) == 502);
  CHECK(backend.wait_until_closed());
}

TEST_CASE("B7: bytes behind a complete response never reach the next client") {
  ScriptedBackend backend([](BackendConnection& connection) {
    const bool poison = connection.index() == 0;
    while (connection.read_request()) {
      std::string answer(ScriptedBackend::kOk);
      if (poison) answer += "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
      connection.send(answer);
    }
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto victim = gateway.connect();
  REQUIRE(status_of(victim, kGet) == 200);
  auto next = gateway.connect();
  next.send(kGet);
  const auto response = next.read_response();
  REQUIRE(response);
  CHECK(response->body == "ok");
  CHECK(backend.connections() == 2);
}

TEST_CASE("B7: a warm connection that talks out of turn is closed") {
  ScriptedBackend backend(first_connection_then([](BackendConnection& connection) {
    if (!connection.hold()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
    connection.wait_for_close();
  }));
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  REQUIRE(status_of(client, kGet) == 200);
  backend.release();
  REQUIRE(backend.wait_until_closed());
  client.send(kGet);
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->body == "ok");
  CHECK(backend.connections() == 2);
}

TEST_CASE("B7: a body where none may be is not read as the next response") {
  ScriptedBackend backend([](BackendConnection& connection) {
    while (connection.read_request())
      connection.send("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  CHECK(status_of(client, kGet) == 204);
  CHECK(status_of(client, kGet) == 204);
  CHECK(client.rest().empty());
}

TEST_CASE("B8: an answer that comes during the upload is relayed, and the upload stops") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.wait_for("first-part")) return;
    connection.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    connection.wait_for_close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100000\r\n\r\nfirst-part");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 403);
  CHECK(response->body == "no");
  CHECK(backend.wait_until_closed());
  CHECK(client.is_closed());
}

TEST_CASE("B8: an answer followed by a reset of the upload is not lost") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.wait_for("\r\n\r\n")) return;
    connection.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    connection.half_close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\nsome");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 413);
}

TEST_CASE("B9: no endpoint is a 503, an invalid backend a 500 in its share of the requests") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.add_route("/none", {});
  auto& mixed = plan.add_route("/", {backend.address()});
  mixed.rule().backends.front().weight = 3;
  ir::WeightedBackend invalid;
  invalid.error_status = 500;
  invalid.weight = 1;
  mixed.rule().backends.push_back(invalid);
  WireGateway gateway(plan);
  auto client = gateway.connect();
  CHECK(status_of(client, "GET /none HTTP/1.1\r\nHost: a.test\r\n\r\n") == 503);
  int good = 0;
  int bad = 0;
  for (int i = 0; i < 400; ++i) {
    const int status = status_of(client, kGet);
    good += status == 200;
    bad += status == 500;
  }
  CHECK(good + bad == 400);
  CHECK(bad > 50);  // 100 expected, five standard deviations
  CHECK(bad < 150);
  CHECK(backend.requests().size() == static_cast<std::size_t>(good));
}

TEST_CASE("B9: a backend of weight 0 gets nothing") {
  ScriptedBackend backend;
  WirePlan plan;
  auto& route = plan.add_route("/", {backend.address()});
  ir::WeightedBackend invalid;
  invalid.error_status = 500;
  invalid.weight = 0;
  route.rule().backends.push_back(invalid);
  WireGateway gateway(plan);
  auto client = gateway.connect();
  for (int i = 0; i < 50; ++i) REQUIRE(status_of(client, kGet) == 200);
}

TEST_CASE("B13: a connection to an endpoint that is gone serves no other") {
  ScriptedBackend before;
  ScriptedBackend after;
  WirePlan plan;
  plan.add_route("/", {before.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  REQUIRE(status_of(client, kGet) == 200);
  WirePlan changed;
  changed.add_route("/", {after.address()});
  gateway.publish(changed);
  CHECK(before.wait_until_closed());
  CHECK(status_of(client, kGet) == 200);
  CHECK(before.requests().size() == 1);
  CHECK(after.requests().size() == 1);
}

TEST_CASE("B14: a connection with an answer that nobody read is not used again") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (connection.index() > 0)
      return ScriptedBackend::answering(std::string(ScriptedBackend::kOk))(connection);
    if (!connection.read_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    connection.wait_for_close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  REQUIRE(client.wait_for("half"));
  client.reset();
  REQUIRE(backend.wait_until_closed());
  auto next = gateway.connect();
  CHECK(status_of(next, kGet) == 200);
  CHECK(backend.connections() == 2);
}

TEST_CASE("B15: a client that goes away takes its backend request with it") {
  ScriptedBackend backend([](BackendConnection& connection) {
    connection.read_request();
    connection.wait_for_close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(GENERATE(kGet, kPost, kChunkedPost));
  REQUIRE(backend.wait_for_requests(1));
  const auto gone = std::chrono::steady_clock::now();
  const bool reset = GENERATE(false, true);
  reset ? client.reset() : client.close();
  CHECK(backend.wait_until_closed());
  CHECK(std::chrono::steady_clock::now() - gone < milliseconds(1000));
}

TEST_CASE("B15: a client that goes away while it sends its body ends the backend request") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  REQUIRE(backend.wait_for_bytes("half"));
  client.close();
  CHECK(backend.wait_until_closed());
  CHECK(backend.requests().empty());
}

}  // namespace
}  // namespace gatehouse::test
