// SPDX-License-Identifier: Apache-2.0
// GEP-1619 session persistence on the wire: the client comes back to its endpoint, whatever else changes.
#include <catch2/catch.hpp>

#include "tests/support/wire_rig.h"

namespace gatehouse::test {
namespace {

ScriptedBackend::Script named(std::string name) {
  return ScriptedBackend::answering("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(name.size()) +
                                    "\r\n\r\n" + name);
}

WirePlan plan_for(const std::vector<SocketAddress>& endpoints, ir::SessionPersistence::Kind kind) {
  WirePlan plan;
  auto& persistence = plan.add_route("/", endpoints).rule().persistence;
  persistence.kind = kind;
  persistence.name = "gate-session";
  plan.settings.session_key = proxy::SessionKey(proxy::SessionKey::Bytes{1, 2, 3});
  return plan;
}

/// The cookie or header that a response hands out, as the client sends it back; "" when it has none.
std::string line_back(const WireMessage& response) {
  const auto cookie = response.field("Set-Cookie");
  if (!cookie.empty()) return "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n";
  const auto header = response.field("gate-session");
  return header.empty() ? "" : "gate-session: " + header + "\r\n";
}

std::optional<WireMessage> ask(WireGateway& gateway, const std::string& fields = "") {
  auto client = gateway.connect();
  client.send("GET / HTTP/1.1\r\nHost: a.test\r\n" + fields + "\r\n");
  return client.read_response();
}

TEST_CASE("session: a client that shows its token is served by the same endpoint") {
  const auto kind = GENERATE(ir::SessionPersistence::Kind::cookie, ir::SessionPersistence::Kind::header);
  ScriptedBackend a(named("a"));
  ScriptedBackend b(named("b"));
  ScriptedBackend c(named("c"));
  WireGateway gateway(plan_for({a.address(), b.address(), c.address()}, kind));
  const auto first = ask(gateway);
  REQUIRE(first);
  const auto token = line_back(*first);
  REQUIRE(!token.empty());
  for (int i = 0; i < 12; ++i) {
    const auto again = ask(gateway, token);
    REQUIRE(again);
    CHECK(again->body == first->body);
    CHECK(line_back(*again).empty());
  }
}

TEST_CASE("session: the token survives a restart and a change of the other endpoints") {
  ScriptedBackend a(named("a"));
  ScriptedBackend b(named("b"));
  ScriptedBackend c(named("c"));
  std::string token;
  std::string body;
  {
    WireGateway gateway(plan_for({a.address(), b.address()}, ir::SessionPersistence::Kind::cookie));
    const auto first = ask(gateway);
    REQUIRE(first);
    token = line_back(*first);
    body = first->body;
  }
  const auto& stays = body == "a" ? a.address() : b.address();
  WireGateway gateway(plan_for({c.address(), stays}, ir::SessionPersistence::Kind::cookie));
  for (int i = 0; i < 6; ++i) {
    const auto again = ask(gateway, token);
    REQUIRE(again);
    CHECK(again->body == body);
  }
}

TEST_CASE("session: when the endpoint is gone the client gets a new one and a new token") {
  ScriptedBackend a(named("a"));
  ScriptedBackend b(named("b"));
  auto plan = plan_for({a.address()}, ir::SessionPersistence::Kind::cookie);
  WireGateway gateway(plan);
  const auto first = ask(gateway);
  REQUIRE(first);
  const auto token = line_back(*first);
  gateway.publish(plan_for({b.address()}, ir::SessionPersistence::Kind::cookie));
  const auto moved = ask(gateway, token);
  REQUIRE(moved);
  CHECK(moved->body == "b");
  const auto fresh = line_back(*moved);
  CHECK(!fresh.empty());
  CHECK(fresh != token);
}

TEST_CASE("session: a forged token is an unknown client") {
  ScriptedBackend a(named("a"));
  WireGateway gateway(plan_for({a.address()}, ir::SessionPersistence::Kind::cookie));
  const auto first = ask(gateway);
  REQUIRE(first);
  auto token = line_back(*first);
  token[token.size() - 8] = token[token.size() - 8] == 'A' ? 'B' : 'A';
  const auto again = ask(gateway, token);
  REQUIRE(again);
  CHECK(again->status() == 200);
  CHECK(!line_back(*again).empty());
}

}  // namespace
}  // namespace gatehouse::test
