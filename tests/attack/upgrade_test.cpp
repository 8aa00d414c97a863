// SPDX-License-Identifier: Apache-2.0
// Upgrades: what starts a tunnel and what never does (H4).
#include <catch2/catch.hpp>

#include "tests/support/attack_rig.h"

using namespace gatehouse::test;
using namespace std::string_literals;

namespace {

constexpr Pace kPaces[] = {Pace::whole, Pace::byte_by_byte};
constexpr std::string_view kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
    "x\r\n\r\n";
const std::string kHandshake =
    get({"Connection: keep-alive, Upgrade", "Upgrade: websocket",
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"});

}  // namespace

TEST_CASE("H4: a tunnel starts with the backend's 101 and carries both directions until both ended") {
  AttackRig rig({}, [](BackendConnection& connection) {
    connection.wait_for("\r\n\r\n");
    connection.send(std::string(kSwitching) + "hello from the backend");
    connection.wait_for("GET /smuggled");
    connection.send("\0\r\n\r\nbye"s);
    connection.half_close();
  });
  for (const auto pace : kPaces) {
    rig.backend.forget();
    auto client = rig.gateway.connect(pace);
    client.send(kHandshake);
    const auto answer = client.read_response();
    REQUIRE(answer);
    CHECK(answer->status() == 101);
    CHECK(answer->all("Upgrade") == std::vector<std::string>{"websocket"});
    CHECK(answer->field("Sec-WebSocket-Accept") == "x");
    CHECK(client.wait_for("hello from the backend"));
    client.send("GET /smuggled");  // only bytes now
    CHECK(client.wait_for("\0\r\n\r\nbye"s));
    client.send("more");
    client.half_close();
    CHECK(client.is_closed());
    CHECK_FALSE(client.was_reset());
    REQUIRE(rig.backend.wait_for_bytes("GET /smuggledmore"));
  }
}

TEST_CASE("H4: the backend sees one Upgrade and the handshake's own fields") {
  AttackRig rig({}, ScriptedBackend::answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
  const auto sight = rig.exchange(kHandshake, Pace::byte_by_byte);
  CHECK(sight.status() == 403);
  REQUIRE(sight.reached.size() == 1);
  CHECK(sight.reached[0].all("Upgrade") == std::vector<std::string>{"websocket"});
  CHECK(sight.reached[0].all("Connection") == std::vector<std::string>{"upgrade"});
  CHECK(sight.reached[0].field("Sec-WebSocket-Version") == "13");
}

TEST_CASE("H4: without a 101 what follows is HTTP") {
  AttackRig rig({},
                ScriptedBackend::answering("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno"));
  for (const auto pace : kPaces) {
    const auto sight =
        rig.attack(kHandshake + get({}, "/next") + get({"A : b"}) + std::string(kSmuggled), pace);
    REQUIRE(sight.answers.size() == 3);
    CHECK(sight.answers[0].status() == 426);
    CHECK(sight.answers[1].status() == 426);
    CHECK(sight.answers[2].status() == 400);
    REQUIRE(sight.reached.size() == 2);
    CHECK(sight.reached[1].start_line == "GET /next HTTP/1.1");
    CHECK(sight.reached_bytes.find("smuggled") == std::string::npos);
  }
}

TEST_CASE("H4: bytes sent behind the handshake wait for the 101") {
  AttackRig rig({}, [](BackendConnection& connection) {
    connection.wait_for("\r\n\r\n");
    connection.send(kSwitching);
    connection.wait_for("early");
    connection.close();
  });
  for (const auto pace : kPaces) {
    rig.backend.forget();
    auto client = rig.gateway.connect(pace);
    client.send(kHandshake + "early");
    const auto answer = client.read_response();
    REQUIRE(answer);
    CHECK(answer->status() == 101);
    CHECK(rig.backend.wait_for_bytes("early"));
  }
}

TEST_CASE("H4: only a GET of HTTP/1.1 with Connection: upgrade asks for websocket, h2c is never forwarded") {
  AttackRig rig;
  const std::string host = "Host: a.test\r\n";
  const std::string ask = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  const std::vector<std::string> requests = {
      get({"Upgrade: websocket"}),
      get({"Connection: keep-alive", "Upgrade: websocket"}),
      get({"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
           "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"}),
      get({"Connection: Upgrade", "Upgrade: TLS/1.0"}),
      get({"Connection: Upgrade", "Upgrade: xwebsocket"}),
      get({"Connection: Upgrade"}),
      "GET /a HTTP/1.0\r\n" + host + ask + "\r\n",
      "POST /a HTTP/1.1\r\n" + host + ask + "Content-Length: 0\r\n\r\n",
      "HEAD /a HTTP/1.1\r\n" + host + ask + "\r\n",
      "GET /a HTTP/1.1\r\n" + host + ask + "Content-Length: 2\r\n\r\nhi"};
  for (const auto& request : requests) {
    for (const auto pace : kPaces) {
      INFO(request);
      const auto body = request.starts_with("HEAD") ? HasBody::no : HasBody::by_framing;
      const auto sight = rig.exchange(request, pace, 1, body);
      CHECK(sight.status() == 200);
      REQUIRE(sight.reached.size() == 1);
      for (const auto* gone : {"Upgrade", "Connection", "HTTP2-Settings"})
        CHECK(sight.reached[0].count(gone) == 0);
    }
  }
}

TEST_CASE("H4: of several protocols only websocket is asked for") {
  AttackRig rig({}, ScriptedBackend::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  for (const auto pace : kPaces) {
    const auto sight = rig.exchange(
        get({"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c, WebSocket", "HTTP2-Settings: AAMA"}),
        pace);
    CHECK(sight.status() == 200);
    REQUIRE(sight.reached.size() == 1);
    CHECK(sight.reached[0].all("Upgrade") == std::vector<std::string>{"websocket"});
    CHECK(sight.reached_bytes.find("h2c") == std::string::npos);
    CHECK(sight.reached_bytes.find("HTTP2-Settings") == std::string::npos);
  }
}
