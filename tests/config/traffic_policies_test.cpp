// SPDX-License-Identifier: Apache-2.0
// What golden files cannot show of policies: objects that decode refuses, origins of fields, what is
// remembered.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "config/translate/policies/traffic_policies.h"
#include "config/translate/translate.h"
#include "tests/support/snapshot_from_yaml.h"

namespace gatehouse::translate {
namespace {

using namespace std::chrono_literals;

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
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: gw}]
  rules:
    - name: pay
      timeouts: {request: 9s}
      backendRefs: [{name: web, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: other}
spec:
  parentRefs: [{name: gw}]
  rules: [{backendRefs: [{name: api, port: 80}]}]
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

objects::BackendTrafficPolicy policy(std::string name, std::vector<objects::PolicyTargetReference> targets) {
  objects::BackendTrafficPolicy result;
  result.meta.ns = "default";
  result.meta.name = std::move(name);
  result.target_refs = std::move(targets);
  result.settings.timeouts.emplace().connect = 3s;
  return result;
}

objects::PolicyTargetReference service(std::string name) {
  return {"", objects::Service::kKind, std::move(name), std::nullopt};
}

objects::PolicyTargetReference of_gateway_api(const char* kind, std::string name) {
  return {objects::kGatewayGroup, kind, std::move(name), std::nullopt};
}

void add(objects::Snapshot& snapshot, objects::BackendTrafficPolicy object) {
  const auto name = object.meta.full_name();
  snapshot.backend_traffic_policies[name] =
      std::make_shared<const objects::BackendTrafficPolicy>(std::move(object));
}

using Ancestors = std::vector<objects::PolicyAncestorStatus>;

Ancestors ancestors_of(const Translation& translation, const std::string& name) {
  return translation.statuses.policies.at(objects::BackendTrafficPolicy::kKind)
      .at("default/" + name)
      .ancestors;
}

std::string reason_of(const objects::BackendTrafficPolicy& object) {
  auto snapshot = test::snapshot_from_yaml(kBase);
  add(snapshot, object);
  const auto condition =
      ancestors_of(translate(snapshot, {}, nullptr), object.meta.name).at(0).conditions.at(0);
  CHECK(condition.status == (condition.reason == "Accepted" ? "True" : "False"));
  return condition.reason;
}

PolicyScope scope_of(const objects::Snapshot& snapshot) {
  return {"default/gw/http", snapshot.http_routes.at("default/r").get(), 0, "Service/default/web/80"};
}

}  // namespace

TEST_CASE("what cannot be a target is Invalid") {
  CHECK(reason_of(policy("p", {service("web")})) == "Accepted");
  CHECK(reason_of(policy("p", {{"apps", "Deployment", "web", std::nullopt}})) == "Invalid");
  CHECK(reason_of(policy("p", {{"other.io", "HTTPRoute", "r", std::nullopt}})) == "Invalid");
  auto of_section = service("web");
  of_section.section_name = "http";
  CHECK(reason_of(policy("p", {of_section})) == "Invalid");
}

TEST_CASE("overrides of anything but a Gateway are Invalid") {
  for (const auto& target : {service("web"), of_gateway_api("HTTPRoute", "r")}) {
    auto object = policy("p", {target});
    object.overrides.pool.emplace().max_idle = 3;
    CHECK(reason_of(object) == "Invalid");
  }
  auto object = policy("p", {of_gateway_api("Gateway", "gw")});
  object.overrides.pool.emplace().max_idle = 3;
  CHECK(reason_of(object) == "Accepted");
}

TEST_CASE("an XBackendTrafficPolicy is for backends only") {
  auto snapshot = test::snapshot_from_yaml(kBase);
  objects::XBackendTrafficPolicy object;
  object.meta.ns = "default";
  object.meta.name = "x";
  object.target_refs = {of_gateway_api("Gateway", "gw")};
  object.retry_constraint.emplace().budget_percent = 7;
  snapshot.x_backend_traffic_policies["default/x"] =
      std::make_shared<const objects::XBackendTrafficPolicy>(object);
  const auto result = translate(snapshot, {}, nullptr);
  CHECK(result.statuses.policies.at("XBackendTrafficPolicy")
            .at("default/x")
            .ancestors[0]
            .conditions[0]
            .reason == "Invalid");
  CHECK(result.config->clusters[0]->retry_budget == ir::RetryBudget());
}

TEST_CASE("a status has no more than 16 ancestors, the last one speaks for the rest") {
  auto snapshot = test::snapshot_from_yaml(kBase);
  std::vector<objects::PolicyTargetReference> targets(18, service("web"));
  for (int i = 0; i < 18; ++i) targets[static_cast<std::size_t>(i)].name = fmt::format("s{}", i);
  targets[15] = service("web");
  add(snapshot, policy("p", targets));
  const auto ancestors = ancestors_of(translate(snapshot, {}, nullptr), "p");
  REQUIRE(ancestors.size() == 16);
  CHECK(ancestors[15].conditions[0].status == "False");
  CHECK_THAT(ancestors[15].conditions[0].message,
             Catch::EndsWith("This stands for 2 more targets, 2 of them not accepted."));
}

TEST_CASE("each field of the effective policy names where it comes from") {
  auto snapshot = test::snapshot_from_yaml(kBase);
  auto of_service = policy("of-service", {service("web")});
  of_service.settings.timeouts->request = 1s;
  add(snapshot, of_service);
  auto of_gateway = policy("of-gateway", {of_gateway_api("Gateway", "gw")});
  of_gateway.settings.pool.emplace().max_idle = 4;
  of_gateway.overrides.timeouts.emplace().idle = 8s;
  add(snapshot, of_gateway);
  const auto result = translate(snapshot, {}, nullptr);
  const std::vector<EffectiveField> expected{
      {"timeouts.connect", "3000ms", "BackendTrafficPolicy default/of-service at Service default/web"},
      {"timeouts.request", "9000ms", "HTTPRoute default/r: spec.rules[0].timeouts.request"},
      {"timeouts.idle", "8000ms", "BackendTrafficPolicy default/of-gateway overrides at Gateway default/gw"},
      {"pool.maxIdle", "4", "BackendTrafficPolicy default/of-gateway at Gateway default/gw"},
  };
  CHECK(effective_fields(result.policies.get(), scope_of(snapshot)) == expected);
}

TEST_CASE("without policies the effective fields are the rule's own") {
  const auto snapshot = test::snapshot_from_yaml(kBase);
  const auto result = translate(snapshot, {}, nullptr);
  CHECK(result.policies == nullptr);
  const std::vector<EffectiveField> expected{
      {"timeouts.request", "9000ms", "HTTPRoute default/r: spec.rules[0].timeouts.request"}};
  CHECK(effective_fields(nullptr, scope_of(snapshot)) == expected);
}

TEST_CASE("what the policies of two backends dispute is explained by the rule's own chain") {
  auto snapshot = test::snapshot_from_yaml(kBase);
  auto route = *snapshot.http_routes.at("default/other");
  route.rules[0].backend_refs.push_back(route.rules[0].backend_refs[0]);
  route.rules[0].backend_refs[1].name = "web";
  snapshot.http_routes["default/other"] = std::make_shared<const objects::HttpRoute>(route);
  for (const auto* name : {"api", "web"}) {
    auto object = policy(name, {service(name)});
    object.settings.timeouts->request = name == std::string("api") ? 1s : 2s;
    add(snapshot, object);
  }
  const auto result = translate(snapshot, {}, nullptr);
  const PolicyScope scope{"default/gw/http", snapshot.http_routes.at("default/other").get(), 0,
                          "Service/default/api/80"};
  const std::vector<EffectiveField> expected{
      {"timeouts.connect", "3000ms", "BackendTrafficPolicy default/api at Service default/api"}};
  CHECK(effective_fields(result.policies.get(), scope) == expected);
  CHECK(result.warnings.size() == 1);
}

TEST_CASE("a cluster with a longer key is explained like its backend") {
  auto snapshot = test::snapshot_from_yaml(kBase);
  add(snapshot, policy("p", {service("web")}));
  const auto result = translate(snapshot, {}, nullptr);
  auto scope = scope_of(snapshot);
  const auto plain = effective_fields(result.policies.get(), scope);
  scope.backend = "Service/default/web/80@Gateway/default/gw";
  CHECK(effective_fields(result.policies.get(), scope) == plain);
  CHECK(plain.size() == 2);
}

TEST_CASE("a route that no policy concerns is the same object as without policies") {
  auto snapshot = test::snapshot_from_yaml(kBase);
  const auto memo = make_memo();
  const auto before = translate(snapshot, {}, memo.get()).config;
  add(snapshot, policy("p", {service("web")}));
  const auto after = translate(snapshot, {}, memo.get()).config;
  REQUIRE(before->listeners[0]->routes.size() == 2);
  // A connect timeout is the cluster's alone.
  CHECK(before->listeners[0] == after->listeners[0]);
  CHECK(before->clusters[0] == after->clusters[0]);
  CHECK(after->clusters[1]->pool.connect_timeout == 3s);
}

TEST_CASE("a form of a route stays the same object while nothing about it changes") {
  auto snapshot = test::snapshot_from_yaml(kBase);
  const auto memo = make_memo();
  add(snapshot, policy("p", {of_gateway_api("Gateway", "gw")}));
  const auto before = translate(snapshot, {}, memo.get()).config;
  auto changed = policy("q", {service("api")});
  changed.settings.timeouts->connect = 5s;
  add(snapshot, changed);
  const auto after = translate(snapshot, {}, memo.get()).config;
  const auto route = [](const ir::Config& config, std::size_t i) {
    return config.listeners[0]->routes[i].route;
  };
  CHECK(route(*before, 0)->key == "HTTPRoute/default/other");
  CHECK(route(*before, 0) != route(*after, 0));
  CHECK(route(*before, 1) == route(*after, 1));
}

TEST_CASE("an EndpointSlice change keeps the settings that policies made") {
  auto snapshot = test::snapshot_from_yaml(kBase);
  const auto memo = make_memo();
  add(snapshot, policy("p", {of_gateway_api("Gateway", "gw")}));
  translate(snapshot, {}, memo.get());
  const auto slices = test::snapshot_from_yaml(R"(
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: "", port: 8080}]
endpoints: [{addresses: [10.1.0.1]}]
)");
  snapshot.endpoint_slices = slices.endpoint_slices;
  const auto after = translate(snapshot, {}, memo.get()).config;
  CHECK(counts_of(*memo).full_passes == 1);
  CHECK(counts_of(*memo).clusters_rebuilt == 1);
  const auto& cluster = *after->clusters[1];
  CHECK(cluster.key == "Service/default/web/80@Gateway/default/gw");
  CHECK(cluster.pool.connect_timeout == 3s);
  CHECK(cluster.endpoints == std::vector<ir::Endpoint>{{"10.1.0.1", 8080}});
}

}  // namespace gatehouse::translate
