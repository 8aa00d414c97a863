// SPDX-License-Identifier: Apache-2.0
// Documents to objects: defaults, what is ignored and said, identity, kinds.
#include "config/objects/decode.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "config/file/yaml_reader.h"

using namespace gatehouse;
using namespace gatehouse::objects;

namespace {

Decoded decode(const std::string& yaml) {
  Decoded result;
  int documents = 0;
  const auto outcome =
      file::read_yaml(yaml, "f.yaml", [&](const nlohmann::json& value, const SourceMap& map) {
        result = decode_object(value, &map);
        ++documents;
      });
  REQUIRE(outcome.problems.empty());
  REQUIRE(documents == 1);
  return result;
}

template <typename T>
T good(const std::string& yaml) {
  const auto decoded = decode(yaml);
  for (const auto& problem : decoded.problems) UNSCOPED_INFO(to_line(problem));
  REQUIRE(decoded.problems.empty());
  REQUIRE(decoded.object);
  return *std::get<std::shared_ptr<const T>>(*decoded.object);
}

std::vector<std::string> lines(const std::string& yaml) {
  std::vector<std::string> result;
  for (const auto& problem : decode(yaml).problems) result.push_back(to_line(problem));
  return result;
}

const std::string kRoute =
    "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: demo}\n";

}  // namespace

TEST_CASE("an HTTPRoute without rules gets one rule that matches everything") {
  const auto route = good<HttpRoute>(kRoute + "spec: {parentRefs: [{name: gw}]}\n");
  CHECK(route.meta.full_name() == "default/demo");
  REQUIRE(route.rules.size() == 1);
  REQUIRE(route.rules[0].matches.size() == 1);
  CHECK(route.rules[0].matches[0] == HttpRouteMatch{});
  REQUIRE(route.parent_refs.size() == 1);
  CHECK(route.parent_refs[0].group == "gateway.networking.k8s.io");
  CHECK(route.parent_refs[0].kind == "Gateway");
}

TEST_CASE("a full HTTPRoute is read field by field") {
  const auto route = good<HttpRoute>(R"(
apiVersion: gateway.networking.k8s.io/v1beta1
kind: HTTPRoute
metadata:
  name: demo
  namespace: shop
  labels: {team: a}
  generation: 4
  creationTimestamp: 2024-01-31T12:00:00Z
  managedFields: [{manager: kubectl}]
spec:
  parentRefs:
  - {name: gw, namespace: infra, sectionName: http, port: 80}
  hostnames: [demo.example.com, "*.example.org"]
  rules:
  - name: first
    matches:
    - path: {type: Exact, value: /a}
      method: POST
      headers: [{name: X-Version, value: two}]
      queryParams: [{name: q, type: RegularExpression, value: "[0-9]+"}]
    - {}
    filters:
    - type: RequestHeaderModifier
      requestHeaderModifier:
        set: [{name: X-A, value: "1"}]
        add: [{name: X-B, value: "2"}]
        remove: [X-C]
    backendRefs:
    - {name: web, port: 8080, weight: 9}
    - name: web2
      port: 8080
      filters:
      - type: ResponseHeaderModifier
        responseHeaderModifier: {remove: [Server]}
    timeouts: {request: 1h30m, backendRequest: 500ms}
status: {parents: []}
)");
  CHECK(route.meta.ns == "shop");
  CHECK(route.meta.generation == 4);
  CHECK(route.meta.creation_timestamp == 1706702400);
  CHECK(route.parent_refs[0].section_name == "http");
  CHECK(route.parent_refs[0].port == 80);
  CHECK(route.hostnames.size() == 2);
  const auto& rule = route.rules.at(0);
  CHECK(rule.name == "first");
  CHECK(rule.matches.at(0).path == HttpPathMatch{"Exact", "/a"});
  CHECK(rule.matches.at(0).method == "POST");
  CHECK(rule.matches.at(0).headers.at(0) == HttpValueMatch{"Exact", "X-Version", "two"});
  CHECK(rule.matches.at(0).query_params.at(0).type == "RegularExpression");
  CHECK(rule.matches.at(1) == HttpRouteMatch{});
  CHECK(rule.filters.at(0).request_header_modifier->add.at(0) == HttpHeader{"X-B", "2"});
  CHECK(rule.filters.at(0).request_header_modifier->remove == std::vector<std::string>{"X-C"});
  CHECK(rule.backend_refs.at(0).weight == 9);
  CHECK(rule.backend_refs.at(1).weight == 1);
  CHECK(rule.backend_refs.at(1).filters.at(0).response_header_modifier);
  CHECK(rule.timeouts.request == std::chrono::minutes(90));
  CHECK(rule.timeouts.backend_request == std::chrono::milliseconds(500));
}

TEST_CASE("a Gateway is read with its defaults") {
  const auto gateway = good<Gateway>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, annotations: {a: b}}
spec:
  gatewayClassName: gatehouse
  listeners:
  - {name: http, port: 80, protocol: HTTP, hostname: "*.example.com"}
  - name: open
    port: 81
    protocol: HTTP
    allowedRoutes:
      namespaces:
        from: Selector
        selector:
          matchLabels: {x: "1"}
          matchExpressions: [{key: y, operator: In, values: [a, b]}]
      kinds: [{kind: HTTPRoute}]
  addresses: [{value: 192.0.2.1}]
)");
  CHECK(gateway.listeners.at(0).allowed_routes == AllowedRoutes{});
  CHECK(gateway.listeners.at(0).hostname == "*.example.com");
  CHECK_FALSE(gateway.listeners.at(1).hostname);
  CHECK(gateway.listeners.at(1).allowed_routes.from == "Selector");
  CHECK(gateway.listeners.at(1).allowed_routes.selector->match_expressions.at(0).values.size() == 2);
  CHECK(gateway.listeners.at(1).allowed_routes.kinds.at(0).group == "gateway.networking.k8s.io");
  CHECK(gateway.addresses.at(0) == GatewayAddress{"IPAddress", "192.0.2.1"});
}

TEST_CASE("a GatewayClass is cluster-scoped") {
  const auto klass = good<GatewayClass>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: higress}
spec:
  controllerName: higress.io/gateway-controller
  parametersRef: {group: example.org, kind: Config, name: c, namespace: n}
)");
  CHECK(klass.meta.full_name() == "higress");
  CHECK(klass.controller_name == "higress.io/gateway-controller");
  CHECK(klass.parameters_ref->ns == "n");
}

TEST_CASE("a Service keeps ports, named and numbered targets, and every known field is silent") {
  const auto service = good<Service>(R"(
apiVersion: v1
kind: Service
metadata:
  name: web
  creationTimestamp: null
  annotations: {gatehouse.dev/endpoints: "127.0.0.1:9001"}
spec:
  selector: {app: web}
  sessionAffinity: None
  ipFamilies: [IPv4]
  clusterIP: 10.0.0.1
  ports:
  - {name: a, port: 80, targetPort: 8080, appProtocol: http, nodePort: 30000}
  - {name: b, port: 81, targetPort: web, protocol: UDP}
status: {loadBalancer: {}}
)");
  CHECK(service.cluster_ips == std::vector<std::string>{"10.0.0.1"});
  CHECK(service.ports.at(0).target_port == "8080");
  CHECK(service.ports.at(1).target_port == "web");
  CHECK(service.ports.at(1).protocol == "UDP");
  CHECK(service.meta.annotations.at(kEndpointsAnnotation) == "127.0.0.1:9001");
}

TEST_CASE("clusterIPs wins over clusterIP and externalName is read") {
  CHECK(good<Service>("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
                      "spec: {clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 'fd00::1']}\n")
            .cluster_ips.size() == 2);
  CHECK(good<Service>("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
                      "spec: {type: ExternalName, externalName: db.example.com}\n")
            .external_name == "db.example.com");
}

TEST_CASE("an EndpointSlice keeps absent conditions apart from false ones") {
  const auto slice = good<EndpointSlice>(R"(
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints:
- {addresses: [10.1.0.1], conditions: {ready: true}, nodeName: n1, zone: z, targetRef: {kind: Pod}}
- {addresses: [10.1.0.2], conditions: {ready: false, serving: true, terminating: true}}
- {addresses: [10.1.0.3]}
ports: [{name: "", port: 8080, protocol: TCP}]
)");
  CHECK(slice.endpoints.at(0).ready == true);
  CHECK(slice.endpoints.at(1).ready == false);
  CHECK_FALSE(slice.endpoints.at(2).ready.has_value());
  CHECK(slice.ports.at(0).port == 8080);
}

TEST_CASE("a Namespace has its name as a label, as in a cluster") {
  const auto ns = good<Namespace>("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\nspec: {}\n");
  CHECK(ns.meta.labels.at("kubernetes.io/metadata.name") == "shop");
  CHECK(ns.meta.ns.empty());
}

TEST_CASE("unknown fields are warned of with their path, and the object is kept") {
  const auto decoded =
      decode(kRoute + "spec:\n  hostnam: [a.example]\n  rules:\n  - matches:\n    - paht: {}\n");
  CHECK(decoded.object);
  REQUIRE(decoded.problems.size() == 2);
  CHECK(to_line(decoded.problems[0]) ==
        "f.yaml:8:7: warning: HTTPRoute default/demo: spec.rules[0].matches[0].paht: unknown field: ignored; "
        "did you mean path?");
  CHECK(to_line(decoded.problems[1]) ==
        "f.yaml:5:3: warning: HTTPRoute default/demo: spec.hostnam: unknown field: ignored; did you mean "
        "hostnames?");
}

TEST_CASE("kinds of others are named with their version and are no problem") {
  const auto decoded = decode("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n");
  CHECK_FALSE(decoded.object);
  CHECK(decoded.problems.empty());
  CHECK(decoded.unknown_kind == "Deployment (apps/v1)");
  CHECK(decode("apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: x}\n").unknown_kind ==
        "Service (serving.knative.dev/v1)");
}

TEST_CASE("our kind in a version we do not read is an error that names the version to use") {
  const auto decoded =
      decode("apiVersion: gateway.networking.k8s.io/v1alpha2\nkind: HTTPRoute\nmetadata: {name: x}\n");
  CHECK_FALSE(decoded.object);
  REQUIRE(decoded.problems.size() == 1);
  CHECK(
      to_line(decoded.problems[0]) ==
      "f.yaml:1:13: error: HTTPRoute default/x: apiVersion: version v1alpha2 of HTTPRoute is not supported; "
      "use gateway.networking.k8s.io/v1");
}

TEST_CASE("a document without kind or apiVersion is an error") {
  CHECK(
      lines("metadata: {name: x}\n").at(0) ==
      "f.yaml:1:1: error: not a Kubernetes object: apiVersion or kind is missing; start it with apiVersion: "
      "and kind:");
}

TEST_CASE("a refused object still tells who it is") {
  const auto decoded = decode(kRoute + "spec: {rules: 5}\n");
  CHECK_FALSE(decoded.object);
  CHECK(decoded.identity == "HTTPRoute default/demo");
}

TEST_CASE("an object with endless mistakes yields a bounded list of problems") {
  std::string yaml = kRoute + "spec:\n";
  for (int i = 0; i < 500; ++i) yaml += fmt::format("  wrong{}: 1\n", i);
  CHECK(decode(yaml).problems.size() == 20);
}

TEST_CASE("JSON from an API server decodes without positions") {
  const auto document = nlohmann::json::parse(
      R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"Bad_Name","uid":"u","resourceVersion":"7"}})");
  const auto decoded = decode_object(document);
  REQUIRE(decoded.problems.size() == 1);
  CHECK(decoded.problems[0].location.empty());
  CHECK(decoded.problems[0].field == "metadata.name");
}

TEST_CASE("a problem's line cannot be forged by what it quotes") {
  const auto found = lines(kRoute + "spec: {hostnames: [\"a\\nerror: x\"]}\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].find('\n') == std::string::npos);
}
