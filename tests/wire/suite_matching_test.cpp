// SPDX-License-Identifier: Apache-2.0
// Gateway API conformance: which rule a request meets, by path, header, method and query.
#include "tests/wire/suite_objects.h"

namespace gatehouse::test {
namespace {

const std::string kMatching = R"(
  rules:
    - matches:
        - path: {type: PathPrefix, value: /}
        - headers: [{name: version, value: one}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches:
        - path: {type: PathPrefix, value: /v2}
        - headers: [{name: version, value: two}]
      backendRefs: [{name: infra-backend-v2, port: 8080}])";

}  // namespace

TEST_CASE("HTTPRouteSimpleSameNamespace: a route without matches serves every path") {
  YamlRig rig(route("simple", R"(
  rules: [{backendRefs: [{name: infra-backend-v1, port: 8080}]}])"));
  const auto answer = rig.ask({.target = "/any/path?and=query", .method = "POST"});
  CHECK(outcome_of(answer) == "infra-backend-v1 200");
  CHECK(answer.request.start_line == "POST /any/path?and=query HTTP/1.1");
  CHECK(answer.request.field("Host") == "a.test");
}

TEST_CASE("HTTPRouteMatching: prefixes by whole segments, headers in any case, matches as alternatives") {
  YamlRig rig(route("matching", kMatching));
  check_rows(rig, {
                      {{.target = "/"}, kV1},
                      {{.target = "/example"}, kV1},
                      {{.target = "/", .fields = {"Version: one"}}, kV1},
                      {{.target = "/v2"}, kV2},
                      {{.target = "/v2/"}, kV2},
                      {{.target = "/v2/example"}, kV2},
                      {{.target = "/", .fields = {"VERSION: two"}}, kV2},
                      {{.target = "/v2example"}, kV1},
                      {{.target = "/foo/v2/example"}, kV1},
                  });
}

TEST_CASE("HTTPRouteExactPathMatching: the whole path, its case and its trailing slash count") {
  YamlRig rig(route("exact", R"(
  rules:
    - matches: [{path: {type: Exact, value: /one}}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{path: {type: Exact, value: /two}}]
      backendRefs: [{name: infra-backend-v2, port: 8080}])"));
  check_rows(rig, {
                      {{.target = "/one"}, kV1},
                      {{.target = "/two"}, kV2},
                      {{.target = "/"}, "404"},
                      {{.target = "/one/example"}, "404"},
                      {{.target = "/two/"}, "404"},
                      {{.target = "/Two"}, "404"},
                  });
}

TEST_CASE("HTTPRoutePathMatchOrder: exact before prefix, longer prefix before shorter") {
  YamlRig rig(route("order", R"(
  rules:
    - matches: [{path: {type: Exact, value: /match}}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{path: {type: Exact, value: /match/exact}}]
      backendRefs: [{name: infra-backend-v2, port: 8080}]
    - matches: [{path: {type: Exact, value: /match/exact/one}}]
      backendRefs: [{name: infra-backend-v3, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /match/}}]
      backendRefs: [{name: infra-backend-v3, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /match/prefix/}}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /match/prefix/one}}]
      backendRefs: [{name: infra-backend-v2, port: 8080}])"));
  check_rows(rig, {
                      {{.target = "/match/exact/one"}, kV3},
                      {{.target = "/match/exact"}, kV2},
                      {{.target = "/match"}, kV1},
                      {{.target = "/match/prefix/one/any"}, kV2},
                      {{.target = "/match/prefix/any"}, kV1},
                      {{.target = "/match/any"}, kV3},
                  });
}

TEST_CASE("HTTPRouteHeaderMatching: more matching headers win, then the earlier rule") {
  YamlRig rig(route("headers", R"(
  rules:
    - matches: [{headers: [{name: version, value: one}]}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{headers: [{name: version, value: two}]}]
      backendRefs: [{name: infra-backend-v2, port: 8080}]
    - matches: [{headers: [{name: version, value: two}, {name: color, value: orange}]}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{headers: [{name: color, value: blue}]}, {headers: [{name: color, value: green}]}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{headers: [{name: color, value: red}]}, {headers: [{name: color, value: yellow}]}]
      backendRefs: [{name: infra-backend-v2, port: 8080}])"));
  check_rows(rig, {
                      {{.fields = {"Version: one"}}, kV1},
                      {{.fields = {"Version: two"}}, kV2},
                      {{.fields = {"Version: two", "Color: orange"}}, kV1},
                      {{.fields = {"Version: two", "Color: blue"}}, kV2},
                      {{.fields = {"Color: blue"}}, kV1},
                      {{.fields = {"Color: green"}}, kV1},
                      {{.fields = {"Color: red"}}, kV2},
                      {{.fields = {"Color: yellow"}}, kV2},
                      {{.fields = {"Color: orange"}}, "404"},
                      {{.fields = {"Color: purple"}}, "404"},
                      {{.fields = {"Some-Other-Header: one"}}, "404"},
                  });
}

TEST_CASE("HTTPRouteMethodMatching: path before method, method before header") {
  YamlRig rig(route("methods", R"(
  rules:
    - matches: [{method: POST}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{method: GET}]
      backendRefs: [{name: infra-backend-v2, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /path1}, method: GET}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{headers: [{name: version, value: one}], method: PUT}]
      backendRefs: [{name: infra-backend-v2, port: 8080}]
    - matches:
        - {path: {type: PathPrefix, value: /path2}, headers: [{name: version, value: two}], method: POST}
      backendRefs: [{name: infra-backend-v3, port: 8080}]
    - matches:
        - {path: {type: PathPrefix, value: /path3}, method: PATCH}
        - {path: {type: PathPrefix, value: /path4}, headers: [{name: version, value: three}], method: DELETE}
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /path5}}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{method: PATCH}]
      backendRefs: [{name: infra-backend-v2, port: 8080}]
    - matches: [{headers: [{name: version, value: four}]}]
      backendRefs: [{name: infra-backend-v3, port: 8080}])"));
  check_rows(rig, {
                      {{.method = "POST"}, kV1},
                      {{.method = "GET"}, kV2},
                      {{.method = "HEAD"}, "404"},
                      {{.target = "/path1", .method = "GET"}, kV1},
                      {{.method = "PUT", .fields = {"version: one"}}, kV2},
                      {{.target = "/path2", .method = "POST", .fields = {"version: two"}}, kV3},
                      {{.target = "/path3", .method = "PATCH"}, kV1},
                      {{.target = "/path4", .method = "DELETE", .fields = {"version: three"}}, kV1},
                      {{.method = "PUT"}, "404"},
                      {{.target = "/path4", .method = "DELETE"}, "404"},
                      {{.target = "/path5", .method = "PATCH"}, kV1},
                      {{.method = "PATCH", .fields = {"version: four"}}, kV2},
                  });
}

TEST_CASE("HTTPRouteQueryParamMatching: case counts, more parameters win, headers go before them") {
  YamlRig rig(route("query", R"(
  rules:
    - matches: [{queryParams: [{name: animal, value: whale}]}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{queryParams: [{name: animal, value: dolphin}]}]
      backendRefs: [{name: infra-backend-v2, port: 8080}]
    - matches:
        - queryParams: [{name: animal, value: dolphin}, {name: color, value: blue}]
        - queryParams: [{name: ANIMAL, value: Whale}]
      backendRefs: [{name: infra-backend-v3, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /path1}, queryParams: [{name: animal, value: whale}]}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{headers: [{name: version, value: one}], queryParams: [{name: animal, value: whale}]}]
      backendRefs: [{name: infra-backend-v2, port: 8080}]
    - matches:
        - path: {type: PathPrefix, value: /path2}
          headers: [{name: version, value: two}]
          queryParams: [{name: animal, value: whale}]
      backendRefs: [{name: infra-backend-v3, port: 8080}]
    - matches:
        - {path: {type: PathPrefix, value: /path3}, queryParams: [{name: animal, value: shark}]}
        - path: {type: PathPrefix, value: /path4}
          headers: [{name: version, value: three}]
          queryParams: [{name: animal, value: kraken}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /path5}}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{queryParams: [{name: animal, value: hydra}]}]
      backendRefs: [{name: infra-backend-v2, port: 8080}]
    - matches: [{headers: [{name: version, value: four}]}]
      backendRefs: [{name: infra-backend-v3, port: 8080}])"));
  check_rows(rig, {
                      {{.target = "/?animal=whale"}, kV1},
                      {{.target = "/?animal=dolphin"}, kV2},
                      {{.target = "/?animal=dolphin&color=blue"}, kV3},
                      {{.target = "/?ANIMAL=Whale"}, kV3},
                      {{.target = "/?animal=whale&otherparam=irrelevant"}, kV1},
                      {{.target = "/?animal=dolphin&color=yellow"}, kV2},
                      {{.target = "/?color=blue"}, "404"},
                      {{.target = "/?animal=dog"}, "404"},
                      {{.target = "/?animal=whaledolphin"}, "404"},
                      {{.target = "/"}, "404"},
                      {{.target = "/path1?animal=whale"}, kV1},
                      {{.target = "/?animal=whale", .fields = {"version: one"}}, kV2},
                      {{.target = "/path2?animal=whale", .fields = {"version: two"}}, kV3},
                      {{.target = "/path3?animal=shark"}, kV1},
                      {{.target = "/path4?animal=kraken", .fields = {"version: three"}}, kV1},
                      {{.target = "/?animal=shark"}, "404"},
                      {{.target = "/path4?animal=kraken"}, "404"},
                      {{.target = "/path5?animal=hydra"}, kV1},
                      {{.target = "/?animal=hydra", .fields = {"version: four"}}, kV3},
                  });
}

TEST_CASE("HTTPRouteRuleOrder: among equal matches the first rule serves, also when its backend is missing") {
  YamlRig rig(route("rule-order", R"(
  rules:
    - matches:
        - path: {type: Exact, value: /order}
          headers: [{name: version, value: one}, {name: color, value: blue}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches:
        - path: {type: Exact, value: /order}
          headers: [{name: color, value: blue}, {name: version, value: one}]
      backendRefs: [{name: infra-backend-v2, port: 8080}])") +
              route("rule-order-missing", R"(
  rules:
    - matches: [{path: {type: Exact, value: /missing}}]
      backendRefs: [{name: nowhere, port: 8080}]
    - matches: [{path: {type: Exact, value: /missing}}]
      backendRefs: [{name: infra-backend-v2, port: 8080}])"));
  check_rows(rig, {
                      {{.target = "/order", .fields = {"version: one", "color: blue"}}, kV1},
                      {{.target = "/missing"}, "500"},
                  });
}

TEST_CASE("HTTPRouteNamedRule: a rule with a name serves like any other") {
  YamlRig rig(route("named", R"(
  rules:
    - name: named-rule
      matches: [{path: {type: PathPrefix, value: /named}}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /unnamed}}]
      backendRefs: [{name: infra-backend-v2, port: 8080}])"));
  check_rows(rig, {{{.target = "/named"}, kV1}, {{.target = "/unnamed"}, kV2}});
}

TEST_CASE("HTTPRouteMatchingAcrossRoutes: the routes of a listener are one table") {
  YamlRig rig(route("part1", R"(
  hostnames: [example.com, example.net]
  rules:
    - matches: [{path: {type: PathPrefix, value: /}}, {headers: [{name: version, value: one}]}]
      backendRefs: [{name: infra-backend-v1, port: 8080}])") +
              route("part2", R"(
  hostnames: [example.com]
  rules:
    - matches: [{path: {type: PathPrefix, value: /v2}}, {headers: [{name: version, value: two}]}]
      backendRefs: [{name: infra-backend-v2, port: 8080}])"));
  check_rows(rig, {
                      {{.target = "/", .host = "example.com"}, kV1},
                      {{.target = "/example", .host = "example.com"}, kV1},
                      {{.target = "/example", .host = "example.net"}, kV1},
                      {{.target = "/example", .host = "example.com", .fields = {"Version: one"}}, kV1},
                      {{.target = "/v2", .host = "example.com"}, kV2},
                      {{.target = "/v2", .host = "example.net"}, kV1},
                      {{.target = "/v2/example", .host = "example.com"}, kV2},
                      {{.target = "/", .host = "example.com", .fields = {"Version: two"}}, kV2},
                  });
}

}  // namespace gatehouse::test
