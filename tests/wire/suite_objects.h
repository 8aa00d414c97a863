// SPDX-License-Identifier: Apache-2.0
// What the tests named after Gateway API's conformance tests share: short ways to write objects and rows.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/yaml_rig.h"

namespace gatehouse::test {

/// An HTTPRoute of namespace default. `spec` is the block below spec:, indented by two; without parentRefs
/// the parent is same-namespace. `created` breaks ties between routes.
inline std::string route(const std::string& name, const std::string& spec,
                         const std::string& created = "2026-01-01T00:00:00Z") {
  const bool has_parents = spec.find("parentRefs:") != std::string::npos;
  return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: " + name +
         ", creationTimestamp: \"" + created + "\"}\nspec:\n" +
         (has_parents ? "" : "  parentRefs: [{name: same-namespace}]\n") + spec + "\n";
}

/// A Gateway of namespace default; `listeners` is the block below listeners:, indented by four.
inline std::string gateway(const std::string& name, const std::string& listeners) {
  return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: " + name +
         "}\nspec:\n  gatewayClassName: gatehouse\n  listeners:\n" + listeners + "\n";
}

/// "infra-backend-v1 200", or "404" when the gateway itself answered.
inline std::string outcome_of(const Answer& answer) {
  const auto status = std::to_string(answer.status);
  return answer.backend.empty() ? status : answer.backend + " " + status;
}

/// Who answers a request and how: a backend's name stands for its 200.
struct Row {
  Ask ask;
  std::string expected;
};

inline void check_rows(YamlRig& rig, const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    INFO(row.ask.method << " " << row.ask.host << row.ask.target);
    for (const auto& field : row.ask.fields) INFO(field);
    const bool is_backend = row.expected.find("backend") != std::string::npos;
    CHECK(outcome_of(rig.ask(row.ask)) == row.expected + (is_backend ? " 200" : ""));
  }
}

inline const std::string kV1 = "infra-backend-v1";
inline const std::string kV2 = "infra-backend-v2";
inline const std::string kV3 = "infra-backend-v3";

}  // namespace gatehouse::test
