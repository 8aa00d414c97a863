// SPDX-License-Identifier: Apache-2.0
// Each schema rule refuses its object with a message that names field and remedy.
#include "config/objects/constraints.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "config/file/yaml_reader.h"
#include "config/objects/decode.h"

using namespace gatehouse;
using namespace gatehouse::objects;

namespace {

struct Case {
  std::string spec;
  std::string field;
  std::string reason;
};

/// Exactly this one thing must be said, and the object refused or not.
void expect(const std::string& head, const Case& test, Severity severity = Severity::error) {
  INFO(test.spec);
  Decoded decoded;
  const auto outcome = file::read_yaml(
      head + test.spec + "\n", "f.yaml",
      [&](const nlohmann::json& value, const SourceMap& map) { decoded = decode_object(value, &map); });
  REQUIRE(outcome.problems.empty());
  CHECK(decoded.object.has_value() == (severity == Severity::warning));
  REQUIRE(decoded.problems.size() == 1);
  CHECK(decoded.problems[0].field == test.field);
  CHECK(decoded.problems[0].reason == test.reason);
  CHECK_FALSE(decoded.problems[0].fix.empty());
  CHECK_FALSE(decoded.problems[0].location.empty());
}

std::string head(const std::string& api, const std::string& kind) {
  return fmt::format("apiVersion: {}\nkind: {}\nmetadata: {{name: x}}\n", api, kind);
}

const std::string kGatewayApi = "gateway.networking.k8s.io/v1";

std::string repeat(int n, const std::string& item) {
  std::string list;
  for (int i = 0; i < n; ++i) list += (i > 0 ? ", " : "") + fmt::format(fmt::runtime(item), i);
  return "[" + list + "]";
}

Case path_case(const std::string& value, const std::string& reason) {
  return {"spec: {rules: [{matches: [{path: {value: '" + value + "'}}]}]}",
          "spec.rules[0].matches[0].path.value", reason};
}

Case rule_case(const std::string& rule, const std::string& field, const std::string& reason) {
  return {"spec: {rules: [" + rule + "]}", "spec.rules[0]" + field, reason};
}

Case header_value_case(const std::string& escape) {
  return rule_case(
      "{filters: [{type: RequestHeaderModifier, requestHeaderModifier: "
      "{set: [{name: a, value: \"x" +
          escape + "y\"}]}}]}",
      ".filters[0].requestHeaderModifier.set[0].value",
      "contains CR, LF or NUL, which would split the message");
}

}  // namespace

TEST_CASE("metadata rules") {
  const std::string top = "apiVersion: v1\nkind: Namespace\n";
  expect(top, {"metadata: {}", "metadata.name", "is required"});
  expect(top, {"spec: {}", "metadata", "is required"});
  expect(top, {"metadata: {name: Shop}", "metadata.name", "\"Shop\" is not a DNS label"});
  expect(top, {"metadata: {name: 5}", "metadata.name", "must be a text, not the number 5"});
  expect(top, {"metadata: {name: a, labels: {b: true}}", "metadata.labels.b",
               "must be a text, not the boolean true"});
  expect(top, {"metadata: {name: a, labels: {a.b/c: [1]}}", "metadata.labels[\"a.b/c\"]",
               "must be a text, not a list"});
  expect(top, {"metadata: {name: a, labels: x}", "metadata.labels",
               "must be an object of texts, not the text \"x\""});
  expect(top, {"metadata: [a]", "metadata", "must be an object, not a list"});
}

TEST_CASE("HTTPRoute list limits") {
  const auto top = head(kGatewayApi, "HTTPRoute");
  expect(top, {"spec: {rules: " + repeat(17, "{{}}") + "}", "spec.rules",
               "has 17 entries, at most 16 are allowed"});
  expect(top, {"spec: {rules: []}", "spec.rules", "must not be empty"});
  expect(top, {"spec: {hostnames: " + repeat(17, "a{}.example") + "}", "spec.hostnames",
               "has 17 entries, at most 16 are allowed"});
  expect(top, {"spec: {parentRefs: " + repeat(33, "{{name: a{}}}") + "}", "spec.parentRefs",
               "has 33 entries, at most 32 are allowed"});
  expect(top, rule_case("{matches: " + repeat(65, "{{}}") + "}", ".matches",
                        "has 65 entries, at most 64 are allowed"));
  expect(top, {"spec: {rules: " +
                   repeat(
                       3, "{{matches: [" +
                              [] {
                                std::string list;
                                for (int i = 0; i < 43; ++i) list += i == 0 ? "{{}}" : ", {{}}";
                                return list;
                              }() +
                              "]}}") +
                   "}",
               "spec.rules", "have 129 matches, at most 128 are allowed"});
  expect(top, rule_case("{backendRefs: " + repeat(17, "{{name: a{}, port: 80}}") + "}", ".backendRefs",
                        "has 17 entries, at most 16 are allowed"));
  expect(top, rule_case("{matches: [{headers: " + repeat(17, "{{name: a{}, value: b}}") + "}]}",
                        ".matches[0].headers", "has 17 entries, at most 16 are allowed"));
}

TEST_CASE("HTTPRoute parents, hostnames and names") {
  const auto top = head(kGatewayApi, "HTTPRoute");
  expect(top, {"spec: {parentRefs: [{namespace: a}]}", "spec.parentRefs[0].name", "is required"});
  expect(top,
         {"spec: {parentRefs: [{name: a, port: 0}]}", "spec.parentRefs[0].port", "0 is outside 1 to 65535"});
  expect(top, {"spec: {parentRefs: [{name: a}, {name: a}]}", "spec.parentRefs", "parent a is named twice"});
  expect(top, {"spec: {hostnames: [a.*.com]}", "spec.hostnames[0]",
               "\"a.*.com\" has a '*' that is not the whole first label"});
  expect(top, {"spec: {hostnames: ['*']}", "spec.hostnames[0]",
               "\"*\" has a '*' that is not the whole first label"});
  expect(top, {"spec: {hostnames: [A.example]}", "spec.hostnames[0]", "\"A.example\" is not a hostname"});
  expect(top,
         {"spec: {hostnames: ['a.example:80']}", "spec.hostnames[0]", "\"a.example:80\" is not a hostname"});
  expect(top, {"spec: {rules: [{name: r}, {name: r}]}", "spec.rules", "two rules have the name r"});
}

TEST_CASE("HTTPRoute paths must be in normal form") {
  const auto top = head(kGatewayApi, "HTTPRoute");
  expect(top, path_case("a", "\"a\" does not start with '/'"));
  expect(top, path_case("", "\"\" does not start with '/'"));
  expect(top, path_case("/a//b", "\"/a//b\" contains \"//\""));
  expect(top, path_case("/a/./b", "\"/a/./b\" contains \"/./\""));
  expect(top, path_case("/a/../b", "\"/a/../b\" contains \"/../\""));
  expect(top, path_case("/a%2fb", "\"/a%2fb\" contains \"%2f\""));
  expect(top, path_case("/a%2Fb", "\"/a%2Fb\" contains \"%2F\""));
  expect(top, path_case("/a#b", "\"/a#b\" contains \"#\""));
  expect(top, path_case("/a/..", "\"/a/..\" ends with \"/..\""));
  expect(top, path_case("/a/.", "\"/a/.\" ends with \"/.\""));
  expect(top, path_case("/a?b", "\"/a?b\" has characters that no path can hold"));
  expect(top, path_case("/%4", "\"/%4\" has characters that no path can hold"));
  expect(top, path_case("/" + std::string(1024, 'a'), "is 1025 characters long, at most 1024 are allowed"));
  expect(top, rule_case("{matches: [{path: {type: exact, value: /}}]}", ".matches[0].path.type",
                        "\"exact\" is not one of Exact, PathPrefix, RegularExpression"));
}

TEST_CASE("HTTPRoute matches") {
  const auto top = head(kGatewayApi, "HTTPRoute");
  expect(top,
         rule_case("{matches: [{method: get}]}", ".matches[0].method",
                   "\"get\" is not one of GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, PATCH"));
  expect(top, rule_case("{matches: [{headers: [{name: 'a b', value: c}]}]}", ".matches[0].headers[0].name",
                        "\"a b\" is not a header name"));
  expect(top, rule_case("{matches: [{headers: [{name: a, value: b}, {name: a, value: c}]}]}",
                        ".matches[0].headers[1].name", "\"a\" appears twice in headers"));
  expect(top, rule_case("{matches: [{queryParams: [{name: a}]}]}", ".matches[0].queryParams[0].value",
                        "is required"));
  expect(top, rule_case("{matches: [{headers: [{name: a, value: 2}]}]}", ".matches[0].headers[0].value",
                        "must be a text, not the number 2"));
}

TEST_CASE("HTTPRoute filters") {
  const auto top = head(kGatewayApi, "HTTPRoute");
  expect(top, rule_case("{filters: [{}]}", ".filters[0].type", "is required"));
  expect(top, rule_case("{filters: [{type: CORS}]}", ".filters[0].cors", "is required for type CORS"));
  expect(top,
         rule_case("{filters: [{type: RequestHeaderModifer}]}", ".filters[0].type",
                   "\"RequestHeaderModifer\" is not one of RequestHeaderModifier, ResponseHeaderModifier, "
                   "RequestMirror, RequestRedirect, URLRewrite, CORS, ExternalAuth, ExtensionRef"));
  expect(top, rule_case("{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {}, "
                        "responseHeaderModifier: {}}]}",
                        ".filters[0].responseHeaderModifier", "does not go with type RequestHeaderModifier"));
  expect(top, rule_case("{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {}}, "
                        "{type: RequestHeaderModifier, requestHeaderModifier: {}}]}",
                        ".filters[1].type", "RequestHeaderModifier appears twice in one list of filters"));
}

TEST_CASE("H3: header values that would split a message are refused at admission") {
  const auto top = head(kGatewayApi, "HTTPRoute");
  expect(top, header_value_case("\\r"));
  expect(top, header_value_case("\\n"));
  expect(top, header_value_case("\\0"));
}

TEST_CASE("HTTPRoute backends and timeouts") {
  const auto top = head(kGatewayApi, "HTTPRoute");
  expect(top, rule_case("{backendRefs: [{name: a}]}", ".backendRefs[0].port", "is required for a Service"));
  expect(top, rule_case("{backendRefs: [{port: 80}]}", ".backendRefs[0].name", "is required"));
  expect(top, rule_case("{backendRefs: [{name: a, port: '80'}]}", ".backendRefs[0].port",
                        "must be a whole number, not the text \"80\""));
  expect(top, rule_case("{backendRefs: [{name: a, port: 80, weight: 1000001}]}", ".backendRefs[0].weight",
                        "1000001 is outside 0 to 1000000"));
  expect(top, rule_case("{backendRefs: [{name: a, port: 80, weight: -1}]}", ".backendRefs[0].weight",
                        "-1 is outside 0 to 1000000"));
  expect(top, rule_case("{backendRefs: [{name: a, port: 1.5}]}", ".backendRefs[0].port",
                        "must be a whole number, not the number 1.5"));
  expect(top, rule_case("{timeouts: {request: 1d}}", ".timeouts.request", "\"1d\" is not a duration"));
  expect(top, rule_case("{timeouts: {request: 1s, backendRequest: 2s}}", ".timeouts.backendRequest",
                        "is longer than request"));
}

TEST_CASE("a request timeout of zero means none and allows any backend timeout") {
  const auto decoded = decode_object(nlohmann::json::parse(
      R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"x"},
          "spec":{"rules":[{"timeouts":{"request":"0s","backendRequest":"2s"}}]}})"));
  CHECK(decoded.object);
}

TEST_CASE("Gateway rules") {
  const auto top = head(kGatewayApi, "Gateway");
  const std::string listener = "{name: a, port: 80, protocol: HTTP}";
  const auto with = [](const std::string& listeners) {
    return "spec: {gatewayClassName: c, listeners: " + listeners + "}";
  };
  expect(top, {"", "spec", "is required"});
  expect(top, {"spec: {listeners: [" + listener + "]}", "spec.gatewayClassName", "is required"});
  expect(top, {"spec: {gatewayClassName: c}", "spec.listeners", "is required"});
  expect(top, {with(repeat(65, "{{name: a{0}, port: 80, protocol: HTTP, hostname: a{0}.b}}")),
               "spec.listeners", "has 65 entries, at most 64 are allowed"});
  expect(top, {with("[" + listener + ", {name: a, port: 81, protocol: HTTP}]"), "spec.listeners",
               "two listeners have the name a"});
  expect(top, {with("[" + listener + ", {name: b, port: 80, protocol: HTTP}]"), "spec.listeners",
               "two listeners have port 80, protocol HTTP and hostname \"\""});
  expect(top, {with("[{name: a, protocol: HTTP}]"), "spec.listeners[0].port", "is required"});
  expect(top, {with("[{name: a, port: 65536, protocol: HTTP}]"), "spec.listeners[0].port",
               "65536 is outside 1 to 65535"});
  expect(top, {with("[{name: a, port: 80}]"), "spec.listeners[0].protocol", "is required"});
  expect(top, {with("[{name: a, port: 80, protocol: 'a b'}]"), "spec.listeners[0].protocol",
               "\"a b\" is not a protocol"});
  expect(top, {with("[{name: a, port: 80, protocol: TCP, hostname: a.b}]"), "spec.listeners[0].hostname",
               "must not be set for protocol TCP"});
  expect(top,
         {with("[{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: all}}}]"),
          "spec.listeners[0].allowedRoutes.namespaces.from", "\"all\" is not one of All, Selector, Same"});
  expect(top, {"spec: {gatewayClassName: c, listeners: [" + listener + "], addresses: [{value: nope}]}",
               "spec.addresses[0].value", "\"nope\" is not an IP address"});
}

TEST_CASE("what the API server takes though it cannot work is taken with a warning") {
  const auto gateway = head(kGatewayApi, "Gateway");
  const auto term = [](const std::string& text) {
    return "spec: {gatewayClassName: c, listeners: [{name: a, port: 80, protocol: HTTP, allowedRoutes: "
           "{namespaces: {from: Selector, selector: {matchExpressions: [" +
           text + "]}}}}]}";
  };
  const std::string at = "spec.listeners[0].allowedRoutes.namespaces.selector.matchExpressions[0]";
  expect(gateway, {term("{key: a}"), at + ".operator", "is required"});
  expect(gateway,
         {term("{key: a, operator: in}"), at + ".operator", "\"in\" is no operator: selects nothing"},
         Severity::warning);
  expect(gateway, {term("{key: a, operator: In}"), at + ".values", "is missing beside In"},
         Severity::warning);
  expect(gateway,
         {term("{key: a, operator: Exists, values: [b]}"), at + ".values", "is ignored beside Exists"},
         Severity::warning);
  const auto route = head(kGatewayApi, "HTTPRoute");
  expect(route,
         {"spec: {hostnames: ['*.192.0.2.1']}", "spec.hostnames",
          "\"192.0.2.1\" is an IP address, not a DNS name"},
         Severity::warning);
  expect(route,
         rule_case("{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: ['a:']}}]}",
                   ".filters[0].requestHeaderModifier.remove", "\"a:\" is not a header name"),
         Severity::warning);
}

TEST_CASE("GatewayClass rules") {
  const auto top = head(kGatewayApi, "GatewayClass");
  expect(top, {"", "spec", "is required"});
  expect(top, {"spec: {controllerName: nodomain}", "spec.controllerName",
               "\"nodomain\" is not a controller name"});
  expect(top, {"spec: {controllerName: a.b/}", "spec.controllerName", "\"a.b/\" is not a controller name"});
}

TEST_CASE("Service and EndpointSlice rules") {
  const auto service = head("v1", "Service");
  expect(service, {"spec: {ports: [{name: a}]}", "spec.ports[0].port", "is required"});
  expect(service, {"spec: {ports: [{port: 80, targetPort: 0}]}", "spec.ports[0].targetPort",
                   "0 is outside 1 to 65535"});
  expect(service, {"spec: {ports: [{port: 80}, {port: 81}]}", "spec.ports",
                   "every port needs a name when there are several"});
  expect(service, {"spec: {ports: [{name: a, port: 80}, {name: a, port: 81}]}", "spec.ports",
                   "two ports have the name a"});
  expect(service, {"spec: {type: ExternalName}", "spec.externalName", "is required for type ExternalName"});
  expect(service, {"spec: {type: clusterip}", "spec.type",
                   "\"clusterip\" is not one of ClusterIP, NodePort, LoadBalancer, ExternalName"});
  const auto slice = head("discovery.k8s.io/v1", "EndpointSlice");
  expect(slice, {"endpoints: []", "addressType", "is required"});
  expect(slice, {"addressType: IPv4\nendpoints: [{addresses: []}]", "endpoints[0].addresses", "is required"});
  expect(slice, {"addressType: IPv4\nendpoints: [{addresses: [a], conditions: {ready: yes}}]",
                 "endpoints[0].conditions.ready", "must be true or false, not the text \"yes\""});
}

TEST_CASE("GEP-2257 durations") {
  using std::chrono::milliseconds;
  CHECK(parse_gep2257("0s") == milliseconds(0));
  CHECK(parse_gep2257("1h2m3s4ms") == milliseconds(3723004));
  CHECK(parse_gep2257("10m") == milliseconds(600000));
  CHECK(parse_gep2257("99999h") == milliseconds(99999LL * 3600000));
  for (const auto* text : {"", "1", "s", "1.5s", "-1s", "100000s", "1s1s1s1s1s", "1 s", "1us", "1S"}) {
    INFO(text);
    CHECK_FALSE(parse_gep2257(text));
  }
}

TEST_CASE("RFC 3339 times") {
  CHECK(parse_rfc3339("1970-01-01T00:00:00Z") == 0);
  CHECK(parse_rfc3339("2024-02-29T23:59:59.123Z") == 1709251199);
  CHECK(parse_rfc3339("2024-01-31T14:00:00+02:00") == 1706702400);
  for (const auto* text : {"", "2024-02-30T00:00:00Z", "2024-01-01", "2024-01-01T25:00:00Z",
                           "2024-01-01T00:00:00", "2024-01-01T00:00:00+2:00", "2024-01-01T00:00:00.Zx"}) {
    INFO(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
}
