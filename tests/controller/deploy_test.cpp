// SPDX-License-Identifier: Apache-2.0
// deploy/ against the program: what it may do is what it does, and its pods get what they need.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "config/file/settings.h"
#include "config/file/yaml_reader.h"
#include "config/objects/decode.h"
#include "controller/watched_kinds.h"
#include "tests/support/source_dir.h"

namespace gatehouse::controller {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<json> documents_of(const std::string& name) {
  std::vector<json> documents;
  const auto path = fs::path(gatehouse::test::kSourceDir) / "deploy" / name;
  const auto outcome = file::read_yaml(
      read_text(path), name,
      [&documents](const json& value, const objects::SourceMap&) { documents.push_back(value); });
  INFO(name);
  REQUIRE(outcome.problems.empty());
  REQUIRE_FALSE(documents.empty());
  return documents;
}

json find(const std::vector<json>& documents, const std::string& kind, const std::string& name) {
  for (const auto& document : documents)
    if (document["kind"] == kind && document["metadata"]["name"] == name) return document;
  FAIL("there is no " << kind << " " << name);
  return {};
}

std::vector<std::string> manifests() {
  std::vector<std::string> names;
  const fs::path root = fs::path(gatehouse::test::kSourceDir) / "deploy";
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().lexically_relative(root).string());
  return names;
}

/// "verb group/resource [name]"
using Grants = std::set<std::string>;

Grants grants_of(const json& role) {
  Grants grants;
  for (const auto& rule : role["rules"])
    for (const auto& group : rule["apiGroups"])
      for (const auto& resource : rule["resources"])
        for (const auto& verb : rule["verbs"])
          for (const auto& name : rule.value("resourceNames", json::array({""})))
            grants.insert(verb.get<std::string>() + " " + group.get<std::string>() + "/" +
                          resource.get<std::string>() + " " + name.get<std::string>());
  return grants;
}

Grants wanted(const std::vector<std::string>& verbs, const std::string& resource,
              const std::string& name = {}) {
  Grants grants;
  for (const auto& verb : verbs) grants.insert(verb + " " + resource + " " + name);
  return grants;
}

std::string resource_of(const WatchedKind& kind) {
  return std::string(kind.group) + "/" + std::string(kind.plural);
}

/// For what it watches, apart from kinds of which it keeps little.
Grants watching(bool metadata_only) {
  Grants grants;
  for (const auto& kind : watched_kinds())
    if (kind.metadata_only == metadata_only)
      grants.merge(wanted({"get", "list", "watch"}, resource_of(kind)));
  return grants;
}

const json& pod_of(const json& deployment) {
  return deployment["spec"]["template"]["spec"];
}

std::vector<std::string> arguments_of(const json& pod) {
  return pod["containers"][0]["args"].get<std::vector<std::string>>();
}

std::string argument(const std::vector<std::string>& arguments, const std::string& flag) {
  for (const auto& text : arguments)
    if (text.starts_with(flag + "=")) return text.substr(flag.size() + 1);
  return {};
}

}  // namespace

TEST_CASE("every manifest is YAML whose documents are Kubernetes objects") {
  const auto names = manifests();
  REQUIRE(names.size() >= 8);
  for (const auto& name : names)
    for (const auto& document : documents_of(name)) {
      INFO(name);
      CHECK(document["apiVersion"].is_string());
      CHECK(document["kind"].is_string());
      CHECK(document["metadata"]["name"].is_string());
      CHECK(objects::decode_object(document, nullptr, nullptr).problems.empty());
    }
}

TEST_CASE("the base role reads exactly the kinds that are watched") {
  const auto documents = documents_of("rbac.yaml");
  CHECK(grants_of(find(documents, "ClusterRole", "gatehouse")) == watching(false));
  CHECK(grants_of(find(documents, "ClusterRole", "gatehouse-data")) == watching(true));
}

TEST_CASE("statuses of exactly the kinds that have ours may be written, and Events") {
  auto expected = wanted({"create", "patch"}, "/events");
  for (const auto& kind : watched_kinds())
    if (kind.writes_status) expected.merge(wanted({"update"}, resource_of(kind) + "/status"));
  CHECK(grants_of(find(documents_of("rbac.yaml"), "ClusterRole", "gatehouse-status")) == expected);
}

TEST_CASE("what is made for Gateways may be made, and its Lease be held, where it belongs") {
  const std::vector<std::string> making{"get", "list", "create", "patch", "delete"};
  const auto documents = documents_of("rbac.yaml");
  CHECK(grants_of(find(documents, "ClusterRole", "gatehouse-infrastructure")) ==
        wanted(making, "/serviceaccounts"));
  auto lease = wanted({"get", "update"}, "coordination.k8s.io/leases", "gatehouse");
  lease.merge(wanted({"create"}, "coordination.k8s.io/leases"));
  CHECK(grants_of(find(documents, "Role", "gatehouse-leader")) == lease);

  const auto services = wanted(making, "/services");
  CHECK(grants_of(find(documents_of("optional/shared.yaml"), "Role", "gatehouse-shared")) == services);
  auto dedicated = services;
  dedicated.merge(wanted(making, "apps/deployments"));
  CHECK(grants_of(find(documents_of("optional/dedicated.yaml"), "Role", "gatehouse-dedicated")) == dedicated);
}

TEST_CASE("no role has a wildcard, pods, nodes, or rights over rights") {
  for (const auto& name : manifests())
    for (const auto& document : documents_of(name)) {
      if (document["kind"] != "Role" && document["kind"] != "ClusterRole") continue;
      INFO(name << " " << document["metadata"]["name"]);
      for (const auto& grant : grants_of(document)) {
        INFO(grant);
        for (const auto* word : {"*", "pods", "nodes", "escalate", "bind", "impersonate", "rbac"})
          CHECK(grant.find(word) == std::string::npos);
      }
    }
}

TEST_CASE("every binding binds a role that is there to the ServiceAccount of the Deployment") {
  const auto documents = documents_of("rbac.yaml");
  const auto account =
      pod_of(find(documents_of("deployment.yaml"), "Deployment", "gatehouse"))["serviceAccountName"];
  find(documents, "ServiceAccount", account.get<std::string>());
  std::set<std::string> roles;
  std::set<std::string> bound;
  for (const auto& document : documents) {
    const auto kind = document["kind"].get<std::string>();
    if (kind.ends_with("Role")) roles.insert(kind + " " + document["metadata"]["name"].get<std::string>());
    if (!kind.ends_with("Binding")) continue;
    const auto& role = document["roleRef"];
    bound.insert(role["kind"].get<std::string>() + " " + role["name"].get<std::string>());
    CHECK(document["subjects"][0]["name"] == account);
  }
  CHECK(bound == roles);
}

TEST_CASE("the program takes the arguments of the Deployment") {
  const auto pod = pod_of(find(documents_of("deployment.yaml"), "Deployment", "gatehouse"));
  auto arguments = arguments_of(pod);
  REQUIRE(arguments.front() == "run");
  arguments.erase(arguments.begin());
  file::SettingsInput input;
  input.arguments = arguments;
  const auto parsed = file::parse_settings(input);
  CHECK(parsed.errors.empty());

  const auto service = documents_of("service.yaml").front();
  CHECK(argument(arguments, "--gateway-service") == service["metadata"]["namespace"].get<std::string>() +
                                                        "/" + service["metadata"]["name"].get<std::string>());
  const auto grace = std::chrono::seconds(pod["terminationGracePeriodSeconds"].get<int>());
  CHECK(grace > parsed.settings.drain_delay + parsed.settings.drain_timeout);
}

TEST_CASE("probes and the Service reach ports of the Deployment's container") {
  const auto deployment = find(documents_of("deployment.yaml"), "Deployment", "gatehouse");
  const auto& container = pod_of(deployment)["containers"][0];
  std::map<std::string, int> ports;
  std::set<int> numbers;
  for (const auto& port : container["ports"]) {
    ports[port["name"]] = port["containerPort"];
    numbers.insert(port["containerPort"].get<int>());
  }
  const auto admin = SocketAddress::parse(argument(arguments_of(pod_of(deployment)), "--admin-address"));
  REQUIRE(admin);
  for (const auto* probe : {"readinessProbe", "livenessProbe", "startupProbe"})
    CHECK(ports[container[probe]["httpGet"]["port"]] == admin->port);
  CHECK(container["readinessProbe"]["httpGet"]["path"] == "/readyz");
  CHECK(container["livenessProbe"]["httpGet"]["path"] == "/healthz");

  const auto service = documents_of("service.yaml").front();
  CHECK(service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"]);
  CHECK(service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]);
  for (const auto& port : service["spec"]["ports"]) {
    CHECK(numbers.contains(port["targetPort"].get<int>()));
    CHECK(port["targetPort"] >= 1024);
  }
}

TEST_CASE("the pods have no privileges, and an update takes none away before the next is ready") {
  const auto deployment = find(documents_of("deployment.yaml"), "Deployment", "gatehouse");
  const auto& pod = pod_of(deployment);
  CHECK(pod["securityContext"]["runAsNonRoot"] == true);
  CHECK(pod["securityContext"]["runAsUser"] == 65532);
  const auto& security = pod["containers"][0]["securityContext"];
  CHECK(security["readOnlyRootFilesystem"] == true);
  CHECK(security["allowPrivilegeEscalation"] == false);
  CHECK(security["capabilities"]["drop"] == json::array({"ALL"}));
  CHECK_FALSE(security["capabilities"].contains("add"));
  CHECK(deployment["spec"]["replicas"] >= 2);
  CHECK(deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0);
}

TEST_CASE("the GatewayClass is the one that is served by default") {
  const auto document = documents_of("gatewayclass.yaml").front();
  CHECK(document["spec"]["controllerName"] == file::Settings().controller_names.front());
}

}  // namespace gatehouse::controller
