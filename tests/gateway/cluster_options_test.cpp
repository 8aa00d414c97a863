// SPDX-License-Identifier: Apache-2.0
// What settings mean for a replica in a cluster.
#include "gateway/cluster_options.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace gatehouse::gateway {
namespace {

file::KubernetesSettings dedicated() {
  file::KubernetesSettings settings;
  settings.enabled = true;
  settings.address_mode = file::AddressMode::dedicated;
  return settings;
}

}  // namespace

TEST_CASE("a pod of a dedicated Gateway leaves writing to others, a process for one Gateway does not") {
  auto settings = dedicated();
  CHECK_FALSE(is_pod_of_gateway(settings));
  settings.gateway = "shop/web";
  CHECK(is_pod_of_gateway(settings));
  settings.address_mode = file::AddressMode::pool;
  CHECK_FALSE(is_pod_of_gateway(settings));
}

TEST_CASE("whoever looks at some namespaces looks at those of the Gateways' Services too") {
  file::KubernetesSettings settings;
  settings.namespaces = {"shop"};
  CHECK(watch_scope(settings, "own").namespaces == std::vector<std::string>{"shop"});
  settings.gateway_service = "infra/gatehouse";
  CHECK(watch_scope(settings, "own").namespaces == std::vector<std::string>{"shop", "infra"});
  settings = dedicated();
  CHECK(watch_scope(settings, "own").namespaces.empty());
  settings.namespaces = {"shop", "own"};
  CHECK(watch_scope(settings, "own").namespaces == std::vector<std::string>{"shop", "own"});
}

TEST_CASE("strays are removed by who sees all Gateways only") {
  file::Settings settings;
  settings.kubernetes = dedicated();
  CHECK(infrastructure_options(settings, "own").removes_strays);
  settings.kubernetes.selector = "team=shop";
  CHECK_FALSE(infrastructure_options(settings, "own").removes_strays);
  settings.kubernetes.selector.clear();
  settings.kubernetes.gateway = "shop/web";
  CHECK_FALSE(infrastructure_options(settings, "own").removes_strays);
}

TEST_CASE("the pods of dedicated Gateways get whatever was set and is not the controller's own") {
  file::SettingsInput input;
  input.arguments = {"--kubernetes",           "--address-mode=dedicated", "--image=example.com/gatehouse:1",
                     "--namespaces=shop,desk", "--header-timeout=5s",      "--drain-timeout=16m40s500ms",
                     "--session-key-file=/k"};
  input.environment = {{"GATEHOUSE_CONTROLLER_NAME", "example.com/ours"}};
  const auto parsed = file::parse_settings(input);
  REQUIRE(parsed.errors.empty());
  const auto options = infrastructure_options(parsed.settings, "own");
  CHECK(options.drain_timeout == std::chrono::seconds(1001));
  auto arguments = options.arguments;
  CHECK(arguments == std::vector<std::string>{"--controller-name=example.com/ours",
                                              "--drain-timeout=16m40s500ms", "--header-timeout=5s",
                                              "--namespaces=shop", "--namespaces=desk"});
  for (const auto* own : {"--kubernetes", "--address-mode=dedicated", "--image=x", "--gateway=shop/web"})
    arguments.emplace_back(own);
  input.environment.clear();
  input.arguments = arguments;
  CHECK(file::parse_settings(input).errors.empty());
}

}  // namespace gatehouse::gateway
