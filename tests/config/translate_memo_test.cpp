// SPDX-License-Identifier: Apache-2.0
// One changed object costs one object: what translate remembers, and what diff says about it.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "config/ir/diff.h"
#include "config/translate/translate.h"
#include "config/translate/verdict.h"
#include "tests/support/snapshot_from_yaml.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kBase = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: ours}
spec: {controllerName: gatehouse.dev/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: ours
  listeners:
    - {name: a, port: 80, protocol: HTTP}
    - {name: b, port: 81, protocol: HTTP}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: api}
spec: {clusterIP: 10.0.0.2, ports: [{port: 80}]}
)";

std::string route(std::string_view name, std::string_view listener, std::string_view service) {
  return fmt::format(R"(
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {}}}
spec:
  parentRefs: [{{name: gw, sectionName: {}}}]
  rules: [{{matches: [{{path: {{value: /{}}}}}], backendRefs: [{{name: {}, port: 80}}]}}]
)",
                     name, listener, name, service);
}

objects::Snapshot base_snapshot() {
  return test::snapshot_from_yaml(kBase + route("one", "a", "web") + route("two", "b", "api"));
}

/// The object as a new one, as after an edit that changes nothing.
template <typename T>
void touch(objects::ObjectMap<T>& map, const std::string& name) {
  map[name] = std::make_shared<T>(*map.at(name));
}

}  // namespace

TEST_CASE("the same snapshot again is the same configuration, and translates no route") {
  const auto snapshot = base_snapshot();
  const auto memo = make_memo();
  const auto first = translate(snapshot, {}, memo.get());
  const auto second = translate(snapshot, {}, memo.get());
  CHECK(first.config == second.config);
  CHECK(first.statuses == second.statuses);
  CHECK(routes_translated(*memo) == 2);
}

TEST_CASE("one changed route costs one route, all other parts stay the same objects") {
  auto snapshot = base_snapshot();
  const auto memo = make_memo();
  const auto before = translate(snapshot, {}, memo.get()).config;
  const auto edited = test::snapshot_from_yaml(kBase + route("one", "a", "api"));
  snapshot.http_routes["default/one"] = edited.http_routes.at("default/one");
  const auto after = translate(snapshot, {}, memo.get()).config;

  CHECK(routes_translated(*memo) == 3);
  CHECK(before->listeners[0] != after->listeners[0]);
  CHECK(before->listeners[1] == after->listeners[1]);
  REQUIRE(after->clusters.size() == 1);
  CHECK(after->clusters[0] == before->clusters[0]);
  CHECK(
      ir::diff(*before, *after) ==
      std::vector<std::string>{"route HTTPRoute/default/one changed: rule 0: backend Service/default/api/80 "
                               "added (weight 1); rule 0: backend Service/default/web/80 removed",
                               "cluster Service/default/web/80 removed"});
}

TEST_CASE("a Service that was touched but not changed keeps routes and clusters as they are") {
  auto snapshot = base_snapshot();
  const auto memo = make_memo();
  const auto before = translate(snapshot, {}, memo.get()).config;
  touch(snapshot.services, "default/web");
  const auto after = translate(snapshot, {}, memo.get()).config;
  CHECK(before == after);
  CHECK(routes_translated(*memo) == 3);  // only the route that uses it
}

TEST_CASE("a Service that appears or goes changes the routes that name it") {
  auto snapshot = base_snapshot();
  const auto memo = make_memo();
  translate(snapshot, {}, memo.get());
  snapshot.services.erase("default/web");
  const auto gone = translate(snapshot, {}, memo.get());
  CHECK(gone.config->listeners[0]->routes[0].route->rules[0].backends[0].error_status == 500);
  CHECK(routes_translated(*memo) == 3);
}

TEST_CASE("a changed EndpointSlice translates no route") {
  auto snapshot = base_snapshot();
  const auto memo = make_memo();
  const auto before = translate(snapshot, {}, memo.get()).config;
  const auto slices = test::snapshot_from_yaml(R"(
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: "", port: 8080}]
endpoints: [{addresses: [10.1.0.1]}, {addresses: [10.1.0.2]}]
)");
  snapshot.endpoint_slices = slices.endpoint_slices;
  const auto after = translate(snapshot, {}, memo.get()).config;
  CHECK(routes_translated(*memo) == 2);
  CHECK(before->listeners == after->listeners);
  CHECK(ir::diff(*before, *after) ==
        std::vector<std::string>{
            "cluster Service/default/web/80 changed: endpoint 10.1.0.1:8080, 10.1.0.2:8080 "
            "added; endpoint 10.0.0.1:80 removed"});
}

TEST_CASE("a route that went is forgotten") {
  auto snapshot = base_snapshot();
  const auto memo = make_memo();
  translate(snapshot, {}, memo.get());
  const std::weak_ptr<const objects::HttpRoute> gone = snapshot.http_routes.at("default/one");
  snapshot.http_routes.erase("default/one");
  translate(snapshot, {}, memo.get());
  CHECK(gone.expired());
}

TEST_CASE("diff names listeners that come, go and change") {
  auto snapshot = base_snapshot();
  const auto before = translate(snapshot, {}, nullptr).config;
  auto gateway = *snapshot.gateways.at("default/gw");
  gateway.listeners[0].hostname = "a.example.com";
  gateway.listeners[1].name = "c";
  snapshot.gateways["default/gw"] = std::make_shared<objects::Gateway>(gateway);
  const auto after = translate(snapshot, {}, nullptr).config;
  CHECK(ir::diff(*before, *after) ==
        std::vector<std::string>{"listener default/gw/c added", "listener default/gw/b removed",
                                 "listener default/gw/a changed: hostname \"\" -> \"a.example.com\"",
                                 "route HTTPRoute/default/two removed",
                                 "cluster Service/default/api/80 removed"});
  CHECK(ir::diff(*after, *after).empty());
}

TEST_CASE("configurations are equal by content") {
  const auto snapshot = base_snapshot();
  const auto a = translate(snapshot, {}, nullptr).config;
  const auto b = translate(snapshot, {}, nullptr).config;
  CHECK(a != b);
  CHECK(*a == *b);
  CHECK(ir::diff(*a, *b).empty());
}

TEST_CASE("a message with many findings ends after eight of them") {
  Findings findings;
  for (int i = 0; i < 1000; ++i) findings.add("UnsupportedValue", "finding " + std::to_string(i));
  CHECK(findings.verdict().reason == "UnsupportedValue");
  CHECK_THAT(findings.verdict().message, Catch::EndsWith("finding 7; and more"));
}

}  // namespace gatehouse::translate
