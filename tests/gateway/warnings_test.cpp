// SPDX-License-Identifier: Apache-2.0
// Files that serve nothing say why.
#include "gateway/warnings.h"

#include <catch2/catch.hpp>

#include "tests/support/snapshot_from_yaml.h"

namespace gatehouse::gateway {
namespace {

constexpr const char* kGateway = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: main}
spec:
  gatewayClassName: theirs
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
)";

std::string class_yaml(const std::string& controller) {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: theirs}\n"
         "spec: {controllerName: " +
         controller + "}\n---\n";
}

std::vector<std::string> lines_for(const std::string& yaml) {
  const auto snapshot = test::snapshot_from_yaml(yaml);
  const translate::Options options;
  const auto translation = translate::translate(snapshot, options, nullptr);
  std::vector<std::string> lines;
  for (const auto& warning : warnings_of(snapshot, translation, options))
    lines.push_back(objects::to_line(warning));
  return lines;
}

}  // namespace

TEST_CASE("a class of another controller is named with the flag that would serve it") {
  const auto lines = lines_for(kGateway + class_yaml("example.com/other"));
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] ==
        "warning: GatewayClass theirs: spec.controllerName: example.com/other is another controller's, so "
        "nothing of this class is served; to serve it give --controller-name example.com/other");
}

TEST_CASE("a Gateway without any class is told what to add") {
  const auto lines = lines_for(kGateway);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].find("there is no GatewayClass theirs") != std::string::npos);
  CHECK(lines[1].find("add one with controllerName gatehouse.dev/gateway-controller") != std::string::npos);
}

TEST_CASE("other controllers' classes beside ours are nobody's business") {
  CHECK(lines_for(kGateway + class_yaml("gatehouse.dev/gateway-controller")).empty());
  CHECK(lines_for(class_yaml("example.com/other")).empty());
}

}  // namespace gatehouse::gateway
