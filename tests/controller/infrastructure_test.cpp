// SPDX-License-Identifier: Apache-2.0
// What should be in the cluster for a Gateway, by mode.
#include "controller/infrastructure.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/controller/gateway_plan.h"

namespace gatehouse::controller {
namespace {

using nlohmann::json;
using test::plan_gateway;
using test::plan_input;
using test::plan_options;
using translate::AddressMode;

std::vector<json> bodies(const InfrastructureInput& input, const InfrastructureOptions& options) {
  std::vector<json> all;
  for (const auto& object : desired_infrastructure(input, options)) all.push_back(json::parse(object.body));
  return all;
}

json body_of(const std::vector<json>& all, const std::string& kind, const std::string& ns) {
  for (const auto& body : all)
    if (body["kind"] == kind && body["metadata"]["namespace"] == ns) return body;
  return {};
}

std::shared_ptr<objects::Service> service_for(const std::string& gateway, std::int32_t port, int target) {
  auto service = std::make_shared<objects::Service>();
  service->meta.ns = "gatehouse-system";
  service->meta.name = translate::infrastructure_name(gateway);
  service->meta.annotations[translate::kGatewayAnnotation] = gateway;
  objects::ServicePort entry;
  entry.port = port;
  entry.target_port = std::to_string(target);
  service->ports.push_back(entry);
  return service;
}

}  // namespace

TEST_CASE("in every mode a Gateway has a ServiceAccount beside it with its labels and annotations") {
  auto gateway = plan_gateway("web");
  gateway->infrastructure.labels = {{"team", "shop"}, {"app.kubernetes.io/managed-by", "somebody"}};
  gateway->infrastructure.annotations = {{"example.com/cost", "42"}};
  for (const auto mode :
       {AddressMode::pool, AddressMode::merged, AddressMode::shared, AddressMode::dedicated}) {
    const auto options = plan_options(mode);
    const auto account = body_of(bodies(plan_input({gateway}, options), options), "ServiceAccount", "shop");
    const auto& meta = account["metadata"];
    CHECK(meta["name"] == "web-gatehouse");
    CHECK(meta["labels"]["team"] == "shop");
    CHECK(meta["labels"]["gateway.networking.k8s.io/gateway-name"] == "web");
    CHECK(meta["labels"][kManagedByLabel] == kManagedBy);
    CHECK(meta["annotations"]["example.com/cost"] == "42");
    CHECK(meta["ownerReferences"][0]["uid"] == "uid-of-web");
    CHECK(account["automountServiceAccountToken"] == false);
  }
}

TEST_CASE("names beyond what Kubernetes takes are cut and hashed") {
  const std::string longest(253, 'a');
  auto options = plan_options(AddressMode::shared);
  const auto all = bodies(plan_input({plan_gateway(longest)}, options), options);
  const auto account = body_of(all, "ServiceAccount", "shop");
  const auto service = body_of(all, "Service", "gatehouse-system");
  CHECK(account["metadata"]["name"].get<std::string>().size() <= 253);
  CHECK(service["metadata"]["name"].get<std::string>().size() == 63);
  const auto label =
      account["metadata"]["labels"]["gateway.networking.k8s.io/gateway-name"].get<std::string>();
  CHECK(label.size() == 63);
  CHECK(label.starts_with("aaaa"));
  CHECK(label != translate::label_value(std::string(252, 'a')));
}

TEST_CASE("a label's value stays as it is when Kubernetes takes it") {
  CHECK(translate::label_value("my.gateway-1") == "my.gateway-1");
  CHECK(translate::label_value("a/b").starts_with("a-b-"));
  CHECK(translate::label_value("/x").starts_with("x"));
}

TEST_CASE("names in the controller's namespace tell Gateways of all namespaces apart") {
  CHECK(translate::infrastructure_name("a-b/c") != translate::infrastructure_name("a/b-c"));
  CHECK(translate::infrastructure_name("1.x/y.z").starts_with("gw-1-x-y-z-"));
}

TEST_CASE("without Services of their own Gateways have nothing but the ServiceAccount") {
  for (const auto mode : {AddressMode::pool, AddressMode::merged}) {
    const auto options = plan_options(mode);
    CHECK(bodies(plan_input({plan_gateway("web")}, options), options).size() == 1);
  }
}

TEST_CASE("a shared Gateway's Service selects our pods at ports that no other Gateway has") {
  const auto options = plan_options(AddressMode::shared);
  const auto all =
      bodies(plan_input({plan_gateway("a", {80, 443}), plan_gateway("b", {80})}, options), options);
  std::set<int> targets;
  for (const auto& body : all) {
    if (body["kind"] != "Service") continue;
    CHECK(body["metadata"]["namespace"] == "gatehouse-system");
    CHECK(body["spec"]["type"] == "LoadBalancer");
    CHECK(body["spec"]["selector"] == json(options.pod_labels));
    for (const auto& port : body["spec"]["ports"]) targets.insert(port["targetPort"].get<int>());
  }
  REQUIRE(targets.size() == 3);
  CHECK(*targets.begin() >= 20'000);
  CHECK(*targets.rbegin() < 30'000);
}

TEST_CASE("target ports that a Service has stay, unless another Gateway's Service has them too") {
  const auto options = plan_options(AddressMode::shared);
  const auto input = plan_input(
      {plan_gateway("a"), plan_gateway("b"), plan_gateway("c")}, options,
      {service_for("shop/a", 80, 20'500), service_for("shop/b", 80, 20'500), service_for("shop/c", 80, 80)});
  std::map<std::string, int> targets;
  for (const auto& body : bodies(input, options))
    if (body["kind"] == "Service")
      targets[body["metadata"]["annotations"][translate::kGatewayAnnotation]] =
          body["spec"]["ports"][0]["targetPort"];
  CHECK(targets["shop/a"] == 20'500);
  CHECK(targets["shop/b"] != 20'500);
  CHECK(targets["shop/c"] >= 20'000);
}

TEST_CASE("a Gateway that nobody has seen yet gets the same target port whoever comes beside it") {
  const auto options = plan_options(AddressMode::shared);
  const auto alone = bodies(plan_input({plan_gateway("web")}, options), options);
  const auto both = bodies(plan_input({plan_gateway("aaa"), plan_gateway("web")}, options), options);
  const auto port_of_web = [](const std::vector<json>& all) {
    for (const auto& body : all)
      if (body["kind"] == "Service" &&
          body["metadata"]["annotations"][translate::kGatewayAnnotation] == "shop/web")
        return body["spec"]["ports"][0]["targetPort"].get<int>();
    return 0;
  };
  CHECK(port_of_web(alone) != 0);
  CHECK(port_of_web(alone) == port_of_web(both));
}

TEST_CASE("annotations choose the Service's type, and a requested address is asked of the load balancer") {
  auto gateway = plan_gateway("web");
  gateway->addresses.push_back({"IPAddress", "203.0.113.7", ""});
  const auto options = plan_options(AddressMode::shared);
  const auto balanced =
      body_of(bodies(plan_input({gateway}, options), options), "Service", "gatehouse-system");
  CHECK(balanced["spec"]["loadBalancerIP"] == "203.0.113.7");

  gateway->infrastructure.annotations[kServiceTypeAnnotation] = "NodePort";
  const auto on_nodes =
      body_of(bodies(plan_input({gateway}, options), options), "Service", "gatehouse-system");
  CHECK(on_nodes["spec"]["type"] == "NodePort");
  CHECK_FALSE(on_nodes["spec"].contains("loadBalancerIP"));

  gateway->infrastructure.annotations[kServiceTypeAnnotation] = "ExternalName";
  const auto unknown =
      body_of(bodies(plan_input({gateway}, options), options), "Service", "gatehouse-system");
  CHECK(unknown["spec"]["type"] == "LoadBalancer");
}

TEST_CASE("ports come from listeners of protocols that are served, and from ListenerSets that are taken up") {
  auto gateway = plan_gateway("web", {80, 80});
  objects::GatewayListener odd;
  odd.port = 99;
  odd.protocol = "example.com/odd";
  gateway->listeners.push_back(odd);
  objects::Snapshot snapshot;
  objects::Statuses statuses;
  snapshot.gateways["shop/web"] = gateway;
  statuses.gateways["shop/web"];
  for (const auto* name : {"taken", "refused"}) {
    auto set = std::make_shared<objects::ListenerSet>();
    set->meta.ns = "team";
    set->meta.name = name;
    set->parent_ref.ns = "shop";
    set->parent_ref.name = "web";
    objects::GatewayListener listener;
    listener.port = name == std::string("taken") ? 53 : 54;
    listener.protocol = "UDP";
    set->listeners.push_back(listener);
    snapshot.listener_sets[set->meta.full_name()] = set;
  }
  statuses.listener_sets["team/taken"].listeners.resize(1);
  statuses.listener_sets["team/refused"];

  const auto input = infrastructure_input(snapshot, statuses, plan_options(AddressMode::shared));
  REQUIRE(input.gateways.size() == 1);
  CHECK(input.gateways[0].ports == std::vector<GatewayPort>{{53, true}, {80, false}});
}

TEST_CASE("a Gateway of another class has nothing") {
  objects::Snapshot snapshot;
  snapshot.gateways["shop/web"] = plan_gateway("web");
  CHECK(infrastructure_input(snapshot, {}, plan_options()).gateways.empty());
}

TEST_CASE("a dedicated Gateway has pods that serve nothing else, without privileges") {
  auto gateway = plan_gateway("web", {80, 8080, 9901});
  gateway->infrastructure.labels = {{"app.kubernetes.io/name", "gatehouse"}, {"team", "shop"}};
  gateway->infrastructure.annotations = {{kReplicasAnnotation, "3"}};
  auto options = plan_options(AddressMode::dedicated);
  options.arguments = {"--workers=2"};
  const auto all = bodies(plan_input({gateway}, options), options);
  const auto deployment = body_of(all, "Deployment", "gatehouse-system");
  const auto& spec = deployment["spec"];
  CHECK(spec["replicas"] == 3);
  const auto& labels = spec["template"]["metadata"]["labels"];
  for (const auto& [key, value] : spec["selector"]["matchLabels"].items()) CHECK(labels[key] == value);
  CHECK(labels["app.kubernetes.io/name"] != "gatehouse");
  CHECK(labels["team"] == "shop");
  CHECK(body_of(all, "Service", "gatehouse-system")["spec"]["selector"] == spec["selector"]["matchLabels"]);

  const auto& pod = spec["template"]["spec"];
  CHECK(pod["serviceAccountName"] == body_of(all, "ServiceAccount", "gatehouse-system")["metadata"]["name"]);
  CHECK(pod["securityContext"]["runAsNonRoot"] == true);
  const auto& container = pod["containers"][0];
  CHECK(container["image"] == "example.com/gatehouse:1");
  CHECK(container["securityContext"]["readOnlyRootFilesystem"] == true);
  CHECK(container["volumeMounts"][0]["mountPath"] == container["env"][0]["value"]);
  const auto arguments = container["args"].get<std::vector<std::string>>();
  CHECK(std::find(arguments.begin(), arguments.end(), "--gateway=shop/web") != arguments.end());
  CHECK(arguments.back() == "--workers=2");
  std::set<int> ports;
  for (const auto& port : container["ports"]) {
    CHECK(port["containerPort"] >= 1024);
    ports.insert(port["containerPort"].get<int>());
  }
  CHECK(ports.size() == 4);  // the admin port and the listener that wants its number are two
}

TEST_CASE("replicas are nobody's unless the annotation says a number") {
  auto gateway = plan_gateway("web");
  gateway->infrastructure.annotations = {{kReplicasAnnotation, "many"}};
  const auto options = plan_options(AddressMode::dedicated);
  const auto all = bodies(plan_input({gateway}, options), options);
  CHECK_FALSE(body_of(all, "Deployment", "gatehouse-system")["spec"].contains("replicas"));
}

TEST_CASE("strays are looked for where objects can be, and nowhere else") {
  auto options = plan_options(AddressMode::merged);
  CHECK(infrastructure_collections(options) == std::vector<std::string>{"/api/v1/serviceaccounts"});
  options.namespaces = {"shop"};
  CHECK(infrastructure_collections(options) ==
        std::vector<std::string>{"/api/v1/namespaces/shop/serviceaccounts"});
  options.mode = AddressMode::dedicated;
  CHECK(infrastructure_collections(options) ==
        std::vector<std::string>{"/api/v1/namespaces/shop/serviceaccounts",
                                 "/api/v1/namespaces/gatehouse-system/serviceaccounts",
                                 "/api/v1/namespaces/gatehouse-system/services",
                                 "/apis/apps/v1/namespaces/gatehouse-system/deployments"});
}

}  // namespace gatehouse::controller
