// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 as clients use it: pipelining, interim responses, old clients, tunnels, trailers.
#include <catch2/catch.hpp>

#include "tests/support/wire_rig.h"

namespace gatehouse::test {
namespace {

using std::chrono::milliseconds;
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr std::string_view kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Answers each request with its own path as the body.
void answer_with_path(BackendConnection& connection) {
  while (const auto request = connection.read_request()) {
    const auto from = request->start_line.find(' ') + 1;
    const auto path = request->start_line.substr(from, request->start_line.rfind(' ') - from);
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(path.size()) + "\r\n\r\n" + path);
  }
}

TEST_CASE("F27: pipelined requests are answered in order") {
  ScriptedBackend backend(answer_with_path);
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect(GENERATE(Pace::whole, Pace::byte_by_byte));
  std::string all;
  for (int i = 0; i < 40; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a.test\r\n\r\n";
  client.send(all);
  for (int i = 0; i < 40; ++i) {
    const auto response = client.read_response();
    REQUIRE(response);
    CHECK(response->body == "/" + std::to_string(i));
  }
}

TEST_CASE("F27: pipelined requests with bodies are told apart") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect(GENERATE(Pace::whole, Pace::byte_by_byte));
  client.send(
      "POST /1 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc"
      "POST /2 HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndef\r\n0\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: a.test\r\n\r\n");
  for (int i = 0; i < 3; ++i) REQUIRE(client.read_response());
  const auto requests = backend.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].body == "abc");
  CHECK(requests[1].body == "def");
  CHECK(requests[2].start_line == "GET /3 HTTP/1.1");
}

TEST_CASE("F27: nothing behind Connection: close is answered") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(
      "GET /1 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a.test\r\n\r\n");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->field("Connection") == "close");
  CHECK(client.is_closed());
  CHECK(client.rest().empty());
  CHECK(backend.requests().size() == 1);
}

TEST_CASE("F25: 100 Continue is the backend's, the body follows it") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.wait_for("\r\n\r\n")) return;
    connection.send("HTTP/1.1 100 Continue\r\n\r\n");
    if (connection.wait_for("body")) connection.send(ScriptedBackend::kOk);
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  const auto interim = client.read_response();
  REQUIRE(interim);
  CHECK(interim->status() == 100);
  client.send("body");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
  CHECK(response->field("Connection").empty());
}

TEST_CASE("F25: a final answer instead of 100 Continue is relayed, the body is not waited for") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.wait_for("\r\n\r\n")) return;
    connection.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
    connection.wait_for_close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 417);
  CHECK(client.is_closed());
  CHECK(backend.wait_until_closed());
}

TEST_CASE("F24: interim responses are relayed before the final one") {
  ScriptedBackend backend(ScriptedBackend::answering(
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" +
      std::string(ScriptedBackend::kOk)));
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  const auto first = client.read_response();
  REQUIRE(first);
  CHECK(first->status() == 103);
  CHECK(first->field("Link") == "</a.css>");
  CHECK_FALSE(first->has("Content-Length"));
  const auto second = client.read_response();
  REQUIRE(second);
  CHECK(second->status() == 103);
  const auto last = client.read_response();
  REQUIRE(last);
  CHECK(last->status() == 200);
}

TEST_CASE("F24: more than 16 interim responses are a 502") {
  std::string answer;
  for (int i = 0; i < 17; ++i) answer += "HTTP/1.1 102 Processing\r\n\r\n";
  ScriptedBackend backend(ScriptedBackend::answering(answer + std::string(ScriptedBackend::kOk)));
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  const auto response = client.read_final_response();
  REQUIRE(response);
  CHECK(response->status() == 502);
}

TEST_CASE("F24: an HTTP/1.0 client gets no interim response") {
  ScriptedBackend backend(
      ScriptedBackend::answering("HTTP/1.1 103 Early Hints\r\n\r\n" + std::string(ScriptedBackend::kOk)));
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
}

TEST_CASE("F23: HEAD, 204 and 304 have no body, and the connection goes on") {
  const auto answer = GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                               "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n",
                               "HTTP/1.1 204 No Content\r\n\r\n");
  ScriptedBackend backend(ScriptedBackend::answering(answer));
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  for (int i = 0; i < 2; ++i) {
    client.send("HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    const auto response = client.read_response(HasBody::no);
    REQUIRE(response);
    CHECK(response->start_line.substr(0, 12) == answer.substr(0, 12));
    if (answer.find("1000") != std::string::npos) CHECK(response->field("Content-Length") == "1000");
  }
  CHECK(client.rest().empty());
  CHECK(backend.connections() == 1);
}

TEST_CASE("F23: what the gateway itself answers to HEAD has no body either") {
  WirePlan plan;
  WireGateway gateway(plan);
  auto client = gateway.connect();
  for (int i = 0; i < 2; ++i) {
    client.send("HEAD /nowhere HTTP/1.1\r\nHost: a.test\r\n\r\n");
    const auto response = client.read_response(HasBody::no);
    REQUIRE(response);
    CHECK(response->status() == 404);
  }
  CHECK(client.rest().empty());
}

TEST_CASE("F26, F29: an HTTP/1.0 client gets no chunks, and the connection closes") {
  ScriptedBackend backend(ScriptedBackend::answering(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"));
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send("GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK_FALSE(response->has("Transfer-Encoding"));
  CHECK(response->body == "abcdef");
  CHECK(client.is_closed());
  CHECK_FALSE(client.was_reset());
}

TEST_CASE("a body that the backend ends by closing reaches an HTTP/1.1 client in chunks") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.read_request()) return;
    connection.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
    connection.close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(kGet);
    const auto response = client.read_response();
    REQUIRE(response);
    CHECK(response->chunked);
    CHECK(response->body == "until the end");
  }
}

TEST_CASE("F10: trailers pass in both directions to those who asked") {
  ScriptedBackend backend(
      ScriptedBackend::answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: "
                                 "X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"));
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect(GENERATE(Pace::whole, Pace::byte_by_byte));
  const bool asked = GENERATE(true, false);
  client.send(std::string("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n") +
              (asked ? "TE: trailers\r\n" : "") +
              "\r\n2\r\nhi\r\n0\r\nX-Request-Sum: 2\r\nHost: evil.test\r\n\r\n");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->body == "ok");
  CHECK((response->trailers.find("X-Sum: 1") != std::string::npos) == asked);
  REQUIRE(backend.requests().size() == 1);
  CHECK((backend.requests().front().trailers.find("X-Request-Sum: 2") != std::string::npos) == asked);
  CHECK(backend.recorded().find("evil.test") == std::string::npos);
}

TEST_CASE("bodies of any size arrive whole, in both directions") {
  const std::string body = [] {
    std::string text;
    for (int i = 0; text.size() < 3'000'000; ++i) text += std::to_string(i) + ",";
    return text;
  }();
  const bool chunked = GENERATE(false, true);
  ScriptedBackend backend([&](BackendConnection& connection) {
    while (const auto request = connection.read_request()) {
      if (chunked) {
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (std::size_t at = 0; at < request->body.size(); at += 70'001) {
          const auto part = request->body.substr(at, 70'001);
          char size[16];
          std::snprintf(size, sizeof size, "%zx\r\n", part.size());
          connection.send(size + part + "\r\n");
        }
        connection.send("0\r\n\r\n");
      } else {
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(request->body.size()) +
                        "\r\n\r\n");
        connection.send(request->body);
      }
    }
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n");
  client.send(body);
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK((response->body == body));
  client.send(kGet);
  CHECK(client.read_response());
}

// ---- tunnels (H4, W1, W2)

TEST_CASE("H4: after 101 bytes flow both ways as they are") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.wait_for("\r\n\r\n")) return;
    connection.send(std::string(kSwitching) + "early-from-backend");
    for (int i = 0; i < 3; ++i) {
      if (!connection.wait_for("ping" + std::to_string(i))) return;
      connection.send("pong" + std::to_string(i));
    }
    connection.wait_for_close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kUpgrade);
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 101);
  CHECK(response->field("Upgrade") == "websocket");
  CHECK(client.wait_for("early-from-backend"));
  for (int i = 0; i < 3; ++i) {
    client.send("ping" + std::to_string(i));
    CHECK(client.wait_for("pong" + std::to_string(i)));
  }
  client.close();
  CHECK(backend.wait_until_closed());
}

TEST_CASE("W2: bytes that the client sends before 101 are delivered after it, and not before") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.wait_for("\r\n\r\n")) return;
    if (!connection.hold()) return;
    connection.send(kSwitching);
    connection.wait_for("impatient");
    connection.send("got-it");
    connection.wait_for_close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(std::string(kUpgrade) + "impatient");
  REQUIRE(backend.wait_for_bytes("\r\n\r\n"));
  gateway.settle();
  CHECK(backend.recorded().find("impatient") == std::string::npos);
  backend.release();
  REQUIRE(client.read_response());
  CHECK(client.wait_for("got-it"));
}

TEST_CASE("W2: without 101 the bytes behind the request are no tunnel") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(std::string(kUpgrade) + std::string(kGet));
  const auto first = client.read_response();
  REQUIRE(first);
  CHECK(first->status() == 200);
  const auto second = client.read_response();
  REQUIRE(second);
  CHECK(second->status() == 200);
  CHECK(backend.requests().size() == 2);
}

TEST_CASE("W1: each side of a tunnel may end on its own") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.wait_for("\r\n\r\n")) return;
    connection.send(kSwitching);
    if (!connection.wait_for("last-words")) return;
    if (!connection.wait_for_close()) return;  // the client's FIN
    connection.send("answer-after-fin");
    connection.half_close();
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kUpgrade);
  REQUIRE(client.read_response());
  client.send("last-words");
  client.half_close();
  CHECK(client.wait_for("answer-after-fin"));
  CHECK(client.is_closed());
  CHECK_FALSE(client.was_reset());
}

TEST_CASE("W1: a tunnel that breaks on one side ends on the other") {
  const bool by_client = GENERATE(true, false);
  ScriptedBackend backend([&](BackendConnection& connection) {
    if (!connection.wait_for("\r\n\r\n")) return;
    connection.send(kSwitching);
    if (by_client) {
      connection.wait_for_close();
    } else if (connection.hold()) {
      connection.reset();
    }
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kUpgrade);
  REQUIRE(client.read_response());
  if (by_client) {
    client.reset();
    CHECK(backend.wait_until_closed());
  } else {
    backend.release();
    CHECK(client.is_closed());
  }
}

TEST_CASE("W1: a tunnel that is idle for too long ends") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.wait_for("\r\n\r\n")) return;
    connection.send(kSwitching);
    connection.wait_for_close();
  });
  WirePlan plan;
  plan.limits.tunnel_idle_timeout = milliseconds(150);
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kUpgrade);
  REQUIRE(client.read_response());
  CHECK(client.is_closed());
  CHECK(backend.wait_until_closed());
}

TEST_CASE("W1: traffic one way keeps a tunnel open") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.wait_for("\r\n\r\n")) return;
    connection.send(kSwitching);
    connection.wait_for_close();
  });
  WirePlan plan;
  plan.limits.tunnel_idle_timeout = milliseconds(400);
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kUpgrade);
  REQUIRE(client.read_response());
  const auto started = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - started < milliseconds(1000)) {
    REQUIRE(client.send("x"));
    REQUIRE_FALSE(client.is_closed(milliseconds(50)));
  }
}

}  // namespace
}  // namespace gatehouse::test
