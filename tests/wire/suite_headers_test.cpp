// SPDX-License-Identifier: Apache-2.0
// Gateway API conformance: header modifiers of rules and of backends, on requests and responses.
#include <map>

#include "tests/wire/suite_objects.h"

namespace gatehouse::test {
namespace {

/// A rule per path, each with one modifier of the given type.
std::string modifiers(const std::string& type, const std::string& field, bool of_backend) {
  const std::vector<std::pair<std::string, std::string>> rules = {
      {"/set", "set: [{name: X-Set, value: new}]"},
      {"/add", "add: [{name: X-Add, value: appended}]"},
      {"/remove", "remove: [X-Remove]"},
      {"/multiple",
       "set: [{name: X-Set-1, value: set-1}, {name: X-Set-2, value: set-2}], "
       "add: [{name: X-Add-1, value: add-1}, {name: X-Add-2, value: add-2}, {name: X-Add-3, value: add-3}], "
       "remove: [X-Remove-1, X-Remove-2]"},
      {"/case",
       "set: [{name: X-Set, value: set}], "
       "add: [{name: X-Add, value: add}, {name: x-lower, value: l}, {name: x-Mixed-CASE, value: m}, "
       "{name: X-UPPER, value: u}], remove: [X-Remove]"},
  };
  std::string text = "  rules:\n";
  for (const auto& [path, edit] : rules) {
    const auto filters = "filters: [{type: " + type + ", " + field + ": {" + edit + "}}]";
    text += "    - matches: [{path: {type: PathPrefix, value: " + path + "}}]\n";
    if (!of_backend) text += "      " + filters + "\n";
    text += "      backendRefs: [{name: infra-backend-v1, port: 8080" +
            (of_backend ? ", " + filters : std::string()) + "}]\n";
  }
  return text;
}

/// What becomes of fields on their way: "" stands for a field that must not arrive.
struct Passage {
  std::string path;
  std::vector<std::string> sent;
  std::map<std::string, std::string> arrives;
};

const std::vector<Passage> kPassages = {
    {"/set", {"Other: val"}, {{"Other", "val"}, {"X-Set", "new"}}},
    {"/set", {"Other: val", "X-Set: old"}, {{"Other", "val"}, {"X-Set", "new"}}},
    {"/add", {"Other: val"}, {{"Other", "val"}, {"X-Add", "appended"}}},
    {"/add", {"X-Add: old"}, {{"X-Add", "old,appended"}}},
    {"/remove", {"X-Remove: val"}, {{"X-Remove", ""}}},
    {"/multiple",
     {"X-Set-2: old", "X-Add-2: old", "X-Remove-2: old", "Other: val"},
     {{"X-Set-1", "set-1"},
      {"X-Set-2", "set-2"},
      {"X-Add-1", "add-1"},
      {"X-Add-2", "old,add-2"},
      {"X-Add-3", "add-3"},
      {"X-Remove-1", ""},
      {"X-Remove-2", ""},
      {"Other", "val"}}},
    {"/case",
     {"x-set: old", "x-add: old", "x-remove: old", "Other: val"},
     {{"X-Set", "set"},
      {"X-Add", "old,add"},
      {"X-Lower", "l"},
      {"X-Mixed-Case", "m"},
      {"X-Upper", "u"},
      {"X-Remove", ""},
      {"Other", "val"}}},
};

void check_fields(const WireMessage& message, const std::map<std::string, std::string>& expected) {
  for (const auto& [name, value] : expected) {
    INFO(name);
    CHECK(message.count(name) == (value.empty() ? 0 : 1));
    CHECK(message.field(name) == value);
  }
}

std::vector<std::string> answers(const std::vector<std::string>& fields) {
  std::vector<std::string> lines;
  for (const auto& field : fields) lines.push_back("X-Answer: " + field);
  return lines;
}

}  // namespace

TEST_CASE("HTTPRouteRequestHeaderModifier, HTTPRouteBackendRequestHeaderModifier") {
  YamlRig rig(
      route("modify", modifiers("RequestHeaderModifier", "requestHeaderModifier", GENERATE(false, true))));
  for (const auto& passage : kPassages) {
    INFO(passage.path);
    const auto answer = rig.ask({.target = passage.path, .fields = passage.sent});
    CHECK(outcome_of(answer) == "infra-backend-v1 200");
    check_fields(answer.request, passage.arrives);
  }
}

TEST_CASE("HTTPRouteResponseHeaderModifier") {
  YamlRig rig(
      route("modify", modifiers("ResponseHeaderModifier", "responseHeaderModifier", GENERATE(false, true))));
  for (const auto& passage : kPassages) {
    INFO(passage.path);
    const auto answer = rig.ask({.target = passage.path, .fields = answers(passage.sent)});
    CHECK(outcome_of(answer) == "infra-backend-v1 200");
    check_fields(answer.response, passage.arrives);
  }
}

TEST_CASE("HTTPRouteResponseHeaderModifier: together with a modifier of the request") {
  YamlRig rig(route("both", R"(
  rules:
    - filters:
        - type: ResponseHeaderModifier
          responseHeaderModifier:
            {set: [{name: X-Set, value: response}], add: [{name: X-Add, value: more}], remove: [X-Remove]}
        - type: RequestHeaderModifier
          requestHeaderModifier:
            {set: [{name: X-Set, value: request}], add: [{name: X-Add, value: plus}], remove: [X-Remove]}
      backendRefs: [{name: infra-backend-v1, port: 8080}])"));
  const auto answer =
      rig.ask({.fields = {"X-Remove: 1", "X-Add: one", "X-Echo: echo", "X-Answer: X-Remove: 2",
                          "X-Answer: X-Add: two", "X-Answer: X-Echo: echo", "X-Answer: X-Set: old"}});
  check_fields(answer.request,
               {{"X-Set", "request"}, {"X-Add", "one,plus"}, {"X-Remove", ""}, {"X-Echo", "echo"}});
  check_fields(answer.response,
               {{"X-Set", "response"}, {"X-Add", "two,more"}, {"X-Remove", ""}, {"X-Echo", "echo"}});
}

TEST_CASE("HTTPRouteRequestHeaderModifierBackendWeights: a backend's filters go with the backend") {
  const auto backend = [](const std::string& name) {
    return "        - name: " + name +
           "\n          port: 8080\n          weight: 10\n          filters:\n"
           "            - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: Backend, "
           "value: " +
           name + "}]}}\n";
  };
  YamlRig rig(route("weights", "  rules:\n    - backendRefs:\n" + backend(kV1) + backend(kV2)));
  std::map<std::string, int> seen;
  for (int i = 0; i < 100; ++i) {
    const auto answer = rig.ask({});
    REQUIRE(answer.status == 200);
    CHECK(answer.request.field("Backend") == answer.backend);
    ++seen[answer.backend];
  }
  CHECK(seen.size() == 2);
}

}  // namespace gatehouse::test
