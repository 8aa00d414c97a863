// SPDX-License-Identifier: Apache-2.0
// Gateway API conformance: which backends a rule may use, and in what shares.
#include <cmath>
#include <map>

#include "tests/wire/suite_objects.h"

namespace gatehouse::test {
namespace {

const std::string kToApp = route("cross", R"(
  rules:
    - matches: [{path: {type: PathPrefix, value: /app}}]
      backendRefs: [{name: app-backend-v1, namespace: app, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /own}}]
      backendRefs: [{name: infra-backend-v1, port: 8080}])");

std::string grant(const std::string& space, const std::string& from, const std::string& to) {
  return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ReferenceGrant\nmetadata: {name: grant, "
         "namespace: " +
         space + "}\nspec: {from: [" + from + "], to: [" + to + "]}\n";
}

const std::string kFromRoutes = "{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}";
const std::string kToServices = "{group: \"\", kind: Service}";

}  // namespace

TEST_CASE("HTTPRouteReferenceGrant: another namespace's Service for as long as it is granted") {
  YamlRig rig(kToApp + grant("app", kFromRoutes, kToServices));
  check_rows(rig, {{{.target = "/app"}, "app-backend-v1"}, {{.target = "/own"}, kV1}});
  rig.publish(kToApp);
  check_rows(rig, {{{.target = "/app"}, "500"}, {{.target = "/own"}, kV1}});
}

TEST_CASE("HTTPRouteInvalidReferenceGrant, HTTPRoutePartiallyInvalidViaInvalidReferenceGrant") {
  const auto nearly = GENERATE_COPY(
      grant("default", kFromRoutes, kToServices),
      grant("app", "{group: gateway.networking.k8s.io, kind: Gateway, namespace: default}", kToServices),
      grant("app", "{group: \"\", kind: HTTPRoute, namespace: default}", kToServices),
      grant("app", "{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: web}", kToServices),
      grant("app", kFromRoutes, "{group: \"\", kind: Secret}"),
      grant("app", kFromRoutes, "{group: \"\", kind: Service, name: app-backend-v2}"));
  INFO(nearly);
  YamlRig rig(kToApp + nearly);
  check_rows(rig, {{{.target = "/app"}, "500"}, {{.target = "/own"}, kV1}});
}

TEST_CASE(
    "HTTPRouteInvalidCrossNamespaceBackendRef, HTTPRouteInvalidNonExistentBackendRef, "
    "HTTPRouteInvalidBackendRefUnknownKind") {
  const auto reference = GENERATE(
      as<std::string>(), "{name: web-backend, namespace: web, port: 8080}", "{name: nowhere, port: 8080}",
      "{name: infra-backend-v1, group: unknown.example, kind: Unknown, port: 8080}");
  YamlRig rig(route("invalid", "  rules: [{backendRefs: [" + reference + "]}]"));
  check_rows(rig, {{{}, "500"}});
}

TEST_CASE("HTTPRouteNoBackendRefs: a rule without backends answers 500") {
  YamlRig rig(route("none", R"(
  rules:
    - matches: [{path: {type: PathPrefix, value: /omitted}}]
    - matches: [{path: {type: PathPrefix, value: /empty}}]
      backendRefs: [])"));
  check_rows(rig, {{{.target = "/omitted"}, "500"}, {{.target = "/empty"}, "500"}});
}

TEST_CASE("HTTPRouteWeight: requests are split by weight, and weight 0 gets none") {
  YamlRig rig(route("weights", R"(
  rules:
    - backendRefs:
        - {name: infra-backend-v1, port: 8080, weight: 70}
        - {name: infra-backend-v2, port: 8080, weight: 30}
        - {name: infra-backend-v3, port: 8080, weight: 0})"));
  constexpr int kRequests = 500;
  std::map<std::string, int> seen;
  for (int i = 0; i < kRequests; ++i) {
    std::vector<std::string> fields;
    if (i % 2 == 0) fields.push_back("X-Jitter: " + std::to_string(i));
    ++seen[outcome_of(rig.ask({.fields = fields}))];
  }
  CHECK(seen.size() == 2);
  const double deviation = std::sqrt(kRequests * 0.7 * 0.3);
  CHECK(std::abs(seen["infra-backend-v1 200"] - 0.7 * kRequests) < 5 * deviation);
  CHECK(std::abs(seen["infra-backend-v2 200"] - 0.3 * kRequests) < 5 * deviation);
}

TEST_CASE("an invalid backend keeps its share of the requests, which get 500") {
  YamlRig rig(route("weights", R"(
  rules:
    - backendRefs: [{name: infra-backend-v1, port: 8080}, {name: nowhere, port: 8080}])"));
  std::map<std::string, int> seen;
  for (int i = 0; i < 200; ++i) ++seen[outcome_of(rig.ask({}))];
  CHECK(seen.size() == 2);
  CHECK(std::abs(seen["500"] - 100) < 36);
}

TEST_CASE("HTTPRouteServiceTypes: endpoints come from slices, whatever the Service looks like") {
  YamlRig rig("");
  const auto backend = rig.backend(kV1).address();
  const auto slice = [](const std::string& name, const std::string& service, const std::string& type,
                        const std::string& rest) {
    return "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " + name +
           ", labels: {kubernetes.io/service-name: " + service + "}}\naddressType: " + type + "\n" + rest +
           "\n";
  };
  const auto objects = [&](const std::string& service, const std::string& cluster_ip) {
    const auto port = std::to_string(backend.port);
    return "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + service + "}\nspec: {" + cluster_ip +
           "ports: [{name: first-port, port: 8080, targetPort: 3000}]}\n" +
           slice(service + "-ip4", service, "IPv4",
                 "endpoints: [{addresses: [127.0.0.1]}]\nports: [{name: first-port, port: " + port + "}]") +
           slice(service + "-ip6", service, "IPv6",
                 "endpoints: []\nports: [{name: first-port, port: " + port + "}]") +
           route("to-" + service, "  rules: [{matches: [{path: {type: Exact, value: /" + service +
                                      "}}], backendRefs: [{name: " + service + ", port: 8080}]}]");
  };
  rig.publish(objects("manual", "clusterIP: 10.96.0.99, ") + objects("headless", "clusterIP: None, "));
  check_rows(rig, {{{.target = "/manual"}, kV1}, {{.target = "/headless"}, kV1}});
}

TEST_CASE("HTTPRouteBackendProtocolWebSocket: an upgraded connection is a tunnel to the backend") {
  YamlRig rig(route("tunnel", "  rules: [{backendRefs: [{name: infra-backend-v1, port: 8080}]}]"));
  rig.backend(kV1).set_script([](BackendConnection& connection) {
    if (!connection.wait_for("\r\n\r\n")) return;
    connection.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    if (connection.wait_for("text")) connection.send("text-back");
    if (connection.wait_for(std::string_view("\0\x81\xff", 3)))
      connection.send(std::string_view("\xff\0", 2));
    connection.wait_for_close();
  });
  auto client = rig.connect();
  client.send(
      "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 101);
  client.send("text");
  CHECK(client.wait_for("text-back"));
  client.send(std::string_view("\0\x81\xff", 3));
  CHECK(client.wait_for(std::string_view("\xff\0", 2)));
}

}  // namespace gatehouse::test
