// SPDX-License-Identifier: Apache-2.0
// Session persistence (GEP-1619) and external authorization (GEP-1494) as users write them.
#include <map>

#include "tests/wire/suite_objects.h"

namespace gatehouse::test {
namespace {

/// A Service whose endpoints are those backends.
std::string service(YamlRig& rig, const std::string& name, const std::vector<std::string>& backends) {
  std::string endpoints;
  for (const auto& backend : backends)
    endpoints += (endpoints.empty() ? "" : ",") + rig.backend(backend).address().to_string();
  return "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name +
         ", annotations: {gatehouse.dev/endpoints: \"" + endpoints + "\"}}\nspec: {ports: [{port: 80}]}\n";
}

std::string sticky(const std::string& persistence) {
  return route("sticky", "  rules:\n    - sessionPersistence: {" + persistence +
                             "}\n      backendRefs: [{name: all, port: 80}]");
}

/// What the client sends back of what it was given; empty when it was given nothing.
std::string token_line(const WireMessage& response) {
  const auto cookie = response.field("Set-Cookie");
  if (!cookie.empty()) return "Cookie: other=1; " + cookie.substr(0, cookie.find(';'));
  const auto header = response.field("X-Session");
  return header.empty() ? header : "X-Session: " + header;
}

const std::string kCookie = "type: Cookie, cookie: {name: shop, path: /}";
const std::string kHeader = "type: Header, header: {name: X-Session}";

/// The authorization server answers by the path that the client asked for.
void authorize(BackendConnection& connection) {
  while (const auto question = connection.read_request()) {
    const bool allowed = question->start_line.find("/check/allowed") != std::string::npos;
    connection.send(
        allowed ? "HTTP/1.1 200 OK\r\nX-User: alice\r\nX-Other: 1\r\nContent-Length: 0\r\n\r\n"
                : "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nno!\n");
  }
}

}  // namespace

TEST_CASE("GEP-1619: a client with a session comes back to its endpoint, one without is spread") {
  const auto& persistence = GENERATE_REF(kCookie, kHeader);
  YamlRig rig("");
  rig.publish(sticky(persistence) + service(rig, "all", {kV1, kV2, kV3}));
  std::map<std::string, int> seen;
  for (int client = 0; client < 6; ++client) {
    const auto first = rig.ask({});
    const auto line = token_line(first.response);
    REQUIRE_FALSE(line.empty());
    ++seen[first.backend];
    for (int i = 0; i < 4; ++i) {
      const auto again = rig.ask({.fields = {line}});
      CHECK(again.backend == first.backend);
      CHECK(token_line(again.response).empty());
    }
  }
  CHECK(seen.size() == 3);
}

TEST_CASE("GEP-1619: a session survives a change of the other endpoints, and ends with its own") {
  YamlRig rig("");
  rig.publish(sticky(kCookie) + service(rig, "all", {kV1, kV2}));
  Answer first = rig.ask({});
  const auto line = token_line(first.response);
  rig.publish(sticky(kCookie) + service(rig, "all", {kV3, first.backend}));
  for (int i = 0; i < 4; ++i) CHECK(rig.ask({.fields = {line}}).backend == first.backend);
  rig.publish(sticky(kCookie) + service(rig, "all", {kV3}));
  const auto moved = rig.ask({.fields = {line}});
  CHECK(moved.backend == kV3);
  CHECK_FALSE(token_line(moved.response).empty());
}

TEST_CASE("GEP-1619: a cookie says no more than it must, and nobody's token is nobody's session") {
  YamlRig rig("");
  rig.publish(sticky(kCookie + ", absoluteTimeout: 1h") + service(rig, "all", {kV1}));
  const auto session = rig.ask({}).response.field("Set-Cookie");
  CHECK(session.starts_with("shop="));
  CHECK(session.ends_with("; Path=/; HttpOnly; SameSite=Lax"));
  rig.publish(
      sticky("type: Cookie, absoluteTimeout: 1h, cookie: {name: shop, path: /a, lifetimeType: Permanent}") +
      service(rig, "all", {kV1}));
  CHECK(
      rig.ask({}).response.field("Set-Cookie").ends_with("; Path=/a; HttpOnly; SameSite=Lax; Max-Age=3600"));
  CHECK(rig.ask({.fields = {"Cookie: shop=forged"}}).response.has("Set-Cookie"));
}

TEST_CASE("GEP-1494: only what the authorization server allows reaches the backend") {
  YamlRig rig(route("guarded", R"(
  rules:
    - filters:
        - type: ExternalAuth
          externalAuth:
            protocol: HTTP
            backendRef: {name: infra-backend-v2, port: 8080}
            http: {path: /check, allowedHeaders: [x-tenant], allowedResponseHeaders: [x-user]}
      backendRefs: [{name: infra-backend-v1, port: 8080}])"));
  rig.backend(kV2).set_script(authorize);
  const std::vector<std::string> fields = {"Authorization: token", "X-Tenant: t", "X-Secret: s",
                                           "X-User: mallory"};
  const auto allowed = rig.ask({.target = "/allowed?q=1", .fields = fields});
  CHECK(outcome_of(allowed) == "infra-backend-v1 200");
  CHECK(allowed.request.start_line == "GET /allowed?q=1 HTTP/1.1");
  CHECK(allowed.request.all("X-User") == std::vector<std::string>{"alice"});
  CHECK_FALSE(allowed.request.has("X-Other"));
  CHECK(allowed.request.field("X-Secret") == "s");

  REQUIRE(rig.backend(kV2).wait_for_requests(1));
  const auto question = rig.backend(kV2).requests().front();
  CHECK(question.start_line == "GET /check/allowed?q=1 HTTP/1.1");
  CHECK(question.field("Host") == "a.test");
  CHECK(question.field("Authorization") == "token");
  CHECK(question.field("X-Tenant") == "t");
  CHECK(question.field("Content-Length") == "0");
  CHECK_FALSE(question.has("X-Secret"));

  const auto refused = rig.ask({.target = "/other", .fields = fields});
  CHECK(refused.status == 401);
  CHECK(refused.response.field("WWW-Authenticate") == "Basic");
  CHECK(refused.response.body == "no!\n");
  CHECK(rig.backend(kV1).requests().size() == 1);
}

TEST_CASE("GEP-1494: an authorization server that cannot be asked lets nothing pass") {
  YamlRig rig(route("guarded", R"(
  rules:
    - filters:
        - type: ExternalAuth
          externalAuth: {protocol: HTTP, backendRef: {name: infra-backend-v2, port: 8080}, http: {}}
      backendRefs: [{name: infra-backend-v1, port: 8080}])"));
  rig.backend(kV2).set_script([](BackendConnection& connection) { connection.reset(); });
  CHECK(rig.ask({}).status == 503);
  CHECK(rig.backend(kV1).connections() == 0);
}

}  // namespace gatehouse::test
