// SPDX-License-Identifier: Apache-2.0
// ExternalAuth on the wire, of a rule and of a listener: nothing passes that was not allowed.
#include <catch2/catch.hpp>

#include "tests/support/wire_rig.h"
#include "tests/wire/addresses.h"

namespace gatehouse::test {
namespace {

using std::chrono::milliseconds;
constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer t\r\n\r\n";

struct Auth {
  std::uint32_t max_body = 0;
  std::vector<std::string> response_headers;
  milliseconds timeout{5000};
};

WirePlan plan_for(const SocketAddress& backend, const SocketAddress& server, const Auth& wanted = {}) {
  WirePlan plan;
  plan.add_route("/never/", {server});
  auto auth = std::make_shared<ir::ExternalAuth>();
  auth->cluster = plan.clusters.front().key;
  auth->path = "/check";
  auth->max_body_bytes = wanted.max_body;
  auth->response_headers = wanted.response_headers;
  auth->timeout = wanted.timeout;
  plan.add_route("/", {backend}).rule().filters.external_auth.push_back(std::move(auth));
  return plan;
}

std::optional<WireMessage> ask(WireGateway& gateway, std::string_view request) {
  auto client = gateway.connect();
  client.send(request);
  return client.read_response();
}

TEST_CASE("external auth: 200 lets the request pass and adds the server's fields") {
  ScriptedBackend backend;
  ScriptedBackend server(ScriptedBackend::answering(
      "HTTP/1.1 200 OK\r\nX-User: ada\r\nX-Other: no\r\nContent-Length: 0\r\n\r\n"));
  WireGateway gateway(plan_for(backend.address(), server.address(), {0, {"x-user"}, milliseconds(5000)}));
  const auto response =
      ask(gateway, "GET /x HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer t\r\nX-User: mallory\r\n\r\n");
  REQUIRE(response);
  CHECK(response->status() == 200);
  const auto question = server.requests().at(0);
  CHECK(question.start_line == "GET /check/x HTTP/1.1");
  CHECK(question.field("Authorization") == "Bearer t");
  const auto request = backend.requests().at(0);
  CHECK(request.start_line == "GET /x HTTP/1.1");
  CHECK(request.field("X-User") == "ada");
  CHECK(request.field("X-Other").empty());
}

TEST_CASE("external auth: any other answer is the client's, with its fields and body") {
  ScriptedBackend backend;
  ScriptedBackend server(ScriptedBackend::answering(
      "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nwho?"));
  WireGateway gateway(plan_for(backend.address(), server.address()));
  const auto response = ask(gateway, kGet);
  REQUIRE(response);
  CHECK(response->status() == 401);
  CHECK(response->field("WWW-Authenticate") == "Basic");
  CHECK(response->body == "who?");
  CHECK(backend.connections() == 0);
}

TEST_CASE("external auth: a server that is away, silent or speaks nonsense lets nothing pass") {
  ScriptedBackend backend;
  SECTION("away") {
    const RefusingAddress refusing;
    WireGateway gateway(plan_for(backend.address(), refusing.address()));
    const auto response = ask(gateway, kGet);
    REQUIRE(response);
    CHECK(response->status() == 503);
  }
  SECTION("silent") {
    ScriptedBackend server([](BackendConnection& connection) {
      if (connection.read_request()) connection.hold();
    });
    WireGateway gateway(plan_for(backend.address(), server.address(), {0, {}, milliseconds(50)}));
    const auto response = ask(gateway, kGet);
    REQUIRE(response);
    CHECK(response->status() == 504);
  }
  SECTION("nonsense") {
    ScriptedBackend server([](BackendConnection& connection) {
      if (connection.read_request()) connection.send("hello\r\n\r\n");
    });
    WireGateway gateway(plan_for(backend.address(), server.address()));
    const auto response = ask(gateway, kGet);
    REQUIRE(response);
    CHECK(response->status() == 502);
  }
  CHECK(backend.connections() == 0);
}

TEST_CASE("external auth: the body is shown to the server and then goes to the backend") {
  ScriptedBackend backend;
  ScriptedBackend server;
  WireGateway gateway(plan_for(backend.address(), server.address(), {1024, {}, milliseconds(5000)}));
  auto client = gateway.connect();
  client.send("POST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  gateway.settle();
  client.send("3\r\ntwo\r\n0\r\n\r\n");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
  CHECK(server.requests().at(0).body == "onetwo");
  CHECK(backend.requests().at(0).body == "onetwo");
  // The connection goes on.
  client.send("POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi");
  const auto second = client.read_response();
  REQUIRE(second);
  CHECK(second->status() == 200);
  CHECK(backend.requests().at(1).body == "hi");
}

TEST_CASE("external auth: a client that waits for 100 Continue gets it, and the body is shown") {
  ScriptedBackend backend;
  ScriptedBackend server;
  WireGateway gateway(plan_for(backend.address(), server.address(), {1024, {}, milliseconds(5000)}));
  auto client = gateway.connect();
  client.send("POST /x HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  const auto interim = client.read_response();
  REQUIRE(interim);
  CHECK(interim->status() == 100);
  client.send("body");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
  CHECK(server.requests().at(0).body == "body");
  CHECK(backend.requests().at(0).body == "body");
  CHECK(backend.requests().at(0).field("Expect").empty());
}

TEST_CASE("external auth: a body longer than the server may see is refused") {
  ScriptedBackend backend;
  ScriptedBackend server;
  WireGateway gateway(plan_for(backend.address(), server.address(), {4, {}, milliseconds(5000)}));
  const auto response = ask(gateway, "POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello");
  REQUIRE(response);
  CHECK(response->status() == 413);
  CHECK(backend.connections() == 0);
  CHECK(server.connections() == 0);
}

TEST_CASE("external auth: a body that comes in larger pieces than are kept is refused") {
  ScriptedBackend backend;
  ScriptedBackend server;
  WireGateway gateway(plan_for(backend.address(), server.address(), {40'000, {}, milliseconds(5000)}));
  auto client = gateway.connect();
  client.send("POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 400000\r\n\r\n");
  gateway.settle();
  client.send(std::string(400'000, 'x'));
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 413);
  CHECK(backend.connections() == 0);
}

TEST_CASE("external auth: an invalid reference answers 500") {
  ScriptedBackend backend;
  auto plan = plan_for(backend.address(), backend.address());
  auto auth = std::make_shared<ir::ExternalAuth>();
  plan.routes.back().rule().filters.external_auth = {auth};
  WireGateway gateway(plan);
  const auto response = ask(gateway, kGet);
  REQUIRE(response);
  CHECK(response->status() == 500);
  CHECK(backend.connections() == 0);
}

}  // namespace
}  // namespace gatehouse::test
