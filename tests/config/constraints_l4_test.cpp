// SPDX-License-Identifier: Apache-2.0
// The rules of GRPCRoute, TLSRoute, TCPRoute, UDPRoute and BackendTLSPolicy.
#include "tests/config/schema_rules.h"

using gatehouse::test::check_rules;
using gatehouse::test::decode_text;
using gatehouse::test::list_of;

namespace {

std::string head(const std::string& kind, const std::string& version = "v1") {
  return "apiVersion: gateway.networking.k8s.io/" + version + "\nkind: " + kind +
         "\nmetadata: {name: x}\nspec: {";
}

const std::string kGrpcRule = head("GRPCRoute") + "rules: [{";
const std::string kBackend = "{name: a, port: 1}";
const std::string kRules = "rules: [{backendRefs: [" + kBackend + "]}]";
const std::string kTarget = "{group: '', kind: Service, name: s";
const std::string kPolicy = head("BackendTLSPolicy") + "targetRefs: [" + kTarget + "}], ";
const std::string kValid = "hostname: a.b, wellKnownCACertificates: System";

std::string method(const std::string& fields) {
  return "matches: [{method: {" + fields + "}}]";
}

}  // namespace

TEST_CASE("schema of a GRPCRoute's methods") {
  const std::string field = "spec.rules[0].matches[0].method";
  check_rules(
      kGrpcRule, "}]}\n",
      {{"service or method", method("service: a"), method("type: Exact"), field,
        "needs a service, a method or both"},
       {"types", method("type: Exact, method: M"), method("type: Prefix, method: M"), field + ".type",
        "\"Prefix\" is not one of Exact, RegularExpression"},
       {"a service is a dotted name", method("service: .com.Example_1._u"), method("service: com..u"),
        field + ".service", "\"com..u\" is not the name of a gRPC service"},
       {"whose parts start with no digit", method("service: a1.b2"), method("service: a.2b"),
        field + ".service", "\"a.2b\" is not the name of a gRPC service"},
       {"an empty service is none", method("type: RegularExpression, service: ''"), method("service: ''"),
        field + ".service", "\"\" is not the name of a gRPC service"},
       {"a method has no dot", method("method: _Login2"), method("method: a.b"), field + ".method",
        "\"a.b\" is not the name of a gRPC method"},
       {"a pattern is any text", method("type: RegularExpression, method: 'a.*|b'"), method("method: 'a.*'"),
        field + ".method", "\"a.*\" is not the name of a gRPC method"},
       {"at most 1024 characters", method("type: RegularExpression, service: " + std::string(1024, 'a')),
        method("type: RegularExpression, service: " + std::string(1025, 'a')), field + ".service",
        "is 1025 characters long, at most 1024 are allowed"},
       {"also of a plain name", method("service: " + std::string(1024, 'a')),
        method("service: " + std::string(1025, 'a')), field + ".service",
        "is 1025 characters long, at most 1024 are allowed"}});
}

TEST_CASE("schema of a GRPCRoute's headers, counts and names") {
  check_rules(kGrpcRule, "}]}\n",
              {{"a header has a value", "matches: [{headers: [{name: a, value: ' '}]}]",
                "matches: [{headers: [{name: a, value: ''}]}]", "spec.rules[0].matches[0].headers[0].value",
                "must not be empty"},
               {"no header twice", "matches: [{headers: [{name: a, value: b}, {name: A, value: b}]}]",
                "matches: [{headers: [{name: a, value: b}, {name: a, value: c}]}]",
                "spec.rules[0].matches[0].headers[1].name", "\"a\" appears twice in headers"},
               {"at most 16 headers", "matches: [{headers: " + list_of(16, "{name: a#, value: b}") + "}]",
                "matches: [{headers: " + list_of(17, "{name: a#, value: b}") + "}]",
                "spec.rules[0].matches[0].headers", "has 17 entries, at most 16 are allowed"},
               {"at most 64 matches", "matches: " + list_of(64, "{}"), "matches: " + list_of(65, "{}"),
                "spec.rules[0].matches", "has 65 entries, at most 64 are allowed"},
               {"at most 16 backends", "backendRefs: " + list_of(16, "{name: a#, port: 1}"),
                "backendRefs: " + list_of(17, "{name: a#, port: 1}"), "spec.rules[0].backendRefs",
                "has 17 entries, at most 16 are allowed"},
               {"weights", "backendRefs: [{name: a, port: 1, weight: 1000000}]",
                "backendRefs: [{name: a, port: 1, weight: -1}]", "spec.rules[0].backendRefs[0].weight",
                "-1 is outside 0 to 1000000"},
               {"names are subdomains", "name: a.b", "name: A", "spec.rules[0].name",
                "\"A\" is not a DNS subdomain name"}});
  const std::string sixty = "{matches: " + list_of(64, "{}") + "}";
  check_rules(
      head("GRPCRoute"), "}\n",
      {{"at most 16 rules", "rules: " + list_of(16, "{}"), "rules: " + list_of(17, "{}"), "spec.rules",
        "has 17 entries, at most 16 are allowed"},
       {"at most 128 matches", "rules: [" + sixty + ", " + sixty + "]",
        "rules: [" + sixty + ", " + sixty + ", {matches: [{}]}]", "spec.rules",
        "have 129 matches, at most 128 are allowed"},
       {"no rule name twice", "rules: [{name: a}, {}, {}]", "rules: [{name: a}, {name: a}]", "spec.rules",
        "two rules have the name a"},
       {"at most 16 hostnames", "hostnames: " + list_of(16, "a#.b"), "hostnames: " + list_of(17, "a#.b"),
        "spec.hostnames", "has 17 entries, at most 16 are allowed"},
       {"parents are told apart", "parentRefs: [{name: a, port: 1}, {name: a, port: 2}]",
        "parentRefs: [{name: a}, {name: a}]", "spec.parentRefs", "parent a is named twice"},
       {"useDefaultGateways is All or None", "useDefaultGateways: All", "useDefaultGateways: Some",
        "spec.useDefaultGateways", "\"Some\" is not one of All, None"}});
}

TEST_CASE("schema of a GRPCRoute's filters and sessions") {
  const std::string filter = "filters: [{type: ";
  const std::string at = "spec.rules[0].filters[0].";
  const std::string mirror = "RequestMirror, requestMirror: {backendRef: {name: m, port: 1}}";
  const std::string set = "requestHeaderModifier: {set: [{name: a, value: b}]}";
  check_rules(
      kGrpcRule, "}]}\n",
      {{"four types", filter + "RequestHeaderModifier, " + set + "}]", filter + "URLRewrite}]", at + "type",
        "\"URLRewrite\" is not one of ResponseHeaderModifier, RequestHeaderModifier, RequestMirror, "
        "ExtensionRef"},
       {"a type has its field", filter + mirror + "}]", filter + "RequestMirror}]", at + "requestMirror",
        "is required for type RequestMirror"},
       {"and no other", filter + "ExtensionRef, extensionRef: {group: g, kind: K, name: n}}]",
        filter + "ExtensionRef, extensionRef: {group: g, kind: K, name: n}, " + set + "}]",
        at + "requestHeaderModifier", "does not go with type ExtensionRef"},
       {"mirrors may repeat, header edits not", filter + mirror + "}, {type: " + mirror + "}]",
        filter + "RequestHeaderModifier, " + set + "}, {type: RequestHeaderModifier, " + set + "}]",
        "spec.rules[0].filters[1].type", "RequestHeaderModifier appears twice in one list of filters"},
       {"also of a backend", "backendRefs: [{name: a, port: 1, filters: [{type: " + mirror + "}]}]",
        "backendRefs: [{name: a, port: 1, filters: [{type: CORS}]}]",
        "spec.rules[0].backendRefs[0].filters[0].type",
        "\"CORS\" is not one of ResponseHeaderModifier, RequestHeaderModifier, RequestMirror, ExtensionRef"},
       {"a session has its field", "sessionPersistence: {type: Header, header: {name: a}}",
        "sessionPersistence: {type: Header}", "spec.rules[0].sessionPersistence.header",
        "is required for type Header"}});
}

TEST_CASE("schema of TLSRoute, TCPRoute and UDPRoute") {
  for (const std::string kind : {"TLSRoute", "TCPRoute", "UDPRoute"}) {
    INFO(kind);
    const auto begin = head(kind) + (kind == "TLSRoute" ? "hostnames: [a.b], " : "");
    const auto rule = [](const std::string& refs) { return "rules: [{backendRefs: " + refs + "}]"; };
    check_rules(
        begin, "}\n",
        {{"rules are required", kRules, "parentRefs: []", "spec.rules", "is required"},
         {"not none", kRules, "rules: []", "spec.rules", "must not be empty"},
         {"not two", kRules, "rules: [{backendRefs: [" + kBackend + "]}, {backendRefs: [" + kBackend + "]}]",
          "spec.rules", "has 2 entries, at most 1 are allowed"},
         {"backends are required", kRules, "rules: [{name: a}]", "spec.rules[0].backendRefs", "is required"},
         {"at least one", kRules, rule("[]"), "spec.rules[0].backendRefs", "must not be empty"},
         {"at most 16", rule(list_of(16, "{name: a#, port: 1}")), rule(list_of(17, "{name: a#, port: 1}")),
          "spec.rules[0].backendRefs", "has 17 entries, at most 16 are allowed"},
         {"a Service has a port", rule("[{kind: Other, name: a}]"), rule("[{name: a}]"),
          "spec.rules[0].backendRefs[0].port", "is required for a Service"},
         {"an XBackend has none", rule("[{group: gateway.networking.x-k8s.io, kind: XBackend, name: a}]"),
          rule("[{group: gateway.networking.x-k8s.io, kind: XBackend, name: a, port: 1}]"),
          "spec.rules[0].backendRefs[0].port", "must not be set for an XBackend, which has its own"},
         {"weights", rule("[{name: a, port: 1, weight: 0}]"), rule("[{name: a, port: 1, weight: 1000001}]"),
          "spec.rules[0].backendRefs[0].weight", "1000001 is outside 0 to 1000000"},
         {"a name is a subdomain", "rules: [{name: a, backendRefs: [" + kBackend + "]}]",
          "rules: [{name: a_b, backendRefs: [" + kBackend + "]}]", "spec.rules[0].name",
          "\"a_b\" is not a DNS subdomain name"},
         {"parents are told apart", kRules + ", parentRefs: [{name: a, port: 1}, {name: a, port: 2}]",
          kRules + ", parentRefs: [{name: a, port: 1}, {name: a}]", "spec.parentRefs",
          "parent a is named once with and once without sectionName or port"},
         {"useDefaultGateways is All or None", kRules + ", useDefaultGateways: None",
          kRules + ", useDefaultGateways: ''", "spec.useDefaultGateways", "\"\" is not one of All, None"}});
  }
}

TEST_CASE("schema of a TLSRoute's hostnames") {
  for (const std::string version : {"v1", "v1alpha3"}) {
    INFO(version);
    check_rules(
        head("TLSRoute", version) + kRules, "}\n",
        {{"hostnames are required", ", hostnames: [a.b]", "", "spec.hostnames", "is required"},
         {"not none", ", hostnames: ['*.b']", ", hostnames: []", "spec.hostnames", "must not be empty"},
         {"up to 1024", ", hostnames: " + list_of(1024, "a#.b"), ", hostnames: " + list_of(1025, "a#.b"),
          "spec.hostnames", "has 1025 entries, at most 1024 are allowed"},
         {"no address", ", hostnames: [a.b, '*.1.2.3.4']", ", hostnames: [a.b, 1.2.3.4]", "spec.hostnames[1]",
          "\"1.2.3.4\" is an IP address, not a DNS name"},
         {"a wildcard is the first label", ", hostnames: ['*.b']", ", hostnames: ['a.*.b']",
          "spec.hostnames[0]", "\"a.*.b\" has a '*' that is not the whole first label"},
         {"lower case", ", hostnames: [a]", ", hostnames: [A]", "spec.hostnames[0]",
          "\"A\" is not a hostname"}});
  }
}

TEST_CASE("v1alpha2 of the routes below HTTP takes several rules, of which the first counts") {
  const std::string two =
      "rules: [{name: a, backendRefs: [" + kBackend + "]}, {backendRefs: [" + kBackend + "]}]";
  for (const std::string kind : {"TLSRoute", "TCPRoute", "UDPRoute"}) {
    INFO(kind);
    const auto decoded = decode_text(head(kind, "v1alpha2") + two + "}\n");
    CHECK(decoded.object);
    REQUIRE(decoded.problems.size() == 1);
    CHECK(decoded.problems[0].severity == gatehouse::objects::Severity::warning);
    CHECK(decoded.problems[0].field == "spec.rules");
    const std::string same = "{name: a, backendRefs: [" + kBackend + "]}";
    const auto doubled = decode_text(head(kind, "v1alpha2") + "rules: [" + same + ", " + same + "]}\n");
    CHECK_FALSE(doubled.object);
    REQUIRE(doubled.problems.size() == 2);
    CHECK(doubled.problems[0].reason == "two rules have the name a");
  }
  check_rules(head("TLSRoute", "v1alpha2"), "}\n",
              {{"no hostnames are needed", kRules, kRules + ", hostnames: [A]", "spec.hostnames[0]",
                "\"A\" is not a hostname"}});
}

TEST_CASE("schema of BackendTLSPolicy") {
  const std::string valid = ", validation: {" + kValid + "}";
  check_rules(
      head("BackendTLSPolicy"), valid + "}\n",
      {{"targets are required", "targetRefs: [" + kTarget + "}]", "options: {}", "spec.targetRefs",
        "is required"},
       {"not none", "targetRefs: [" + kTarget + "}]", "targetRefs: []", "spec.targetRefs",
        "must not be empty"},
       {"at most 16", "targetRefs: " + list_of(16, "{group: '', kind: Service, name: s#}"),
        "targetRefs: " + list_of(17, "{group: '', kind: Service, name: s#}"), "spec.targetRefs",
        "has 17 entries, at most 16 are allowed"},
       {"none twice", "targetRefs: [" + kTarget + ", sectionName: a}, " + kTarget + ", sectionName: b}]",
        "targetRefs: [" + kTarget + ", sectionName: a}, " + kTarget + ", sectionName: a}]",
        "spec.targetRefs[1]", "Service s is targeted twice"},
       {"all or none with sectionName", "targetRefs: [" + kTarget + "}, {group: '', kind: Service, name: t}]",
        "targetRefs: [" + kTarget + ", sectionName: a}, " + kTarget + "}]", "spec.targetRefs",
        "Service s is targeted once with and once without sectionName"},
       {"at most 16 options",
        "targetRefs: [" + kTarget +
            "}], options: {a0: '', a1: b, a2: b, a3: b, a4: b, a5: b, a6: b, a7: b, "
            "a8: b, a9: b, b0: b, b1: b, b2: b, b3: b, b4: b, b5: b}",
        "targetRefs: [" + kTarget +
            "}], options: {a0: '', a1: b, a2: b, a3: b, a4: b, a5: b, a6: b, a7: b, "
            "a8: b, a9: b, b0: b, b1: b, b2: b, b3: b, b4: b, b5: b, b6: b}",
        "spec.options", "has 17 entries, at most 16 are allowed"}});
  check_rules(head("BackendTLSPolicy") + "targetRefs: [" + kTarget + "}]", "}\n",
              {{"validation is required", valid, "", "spec.validation", "is required"}});
}

TEST_CASE("schema of a BackendTLSPolicy's validation") {
  for (const std::string version : {"v1", "v1alpha3"}) {
    INFO(version);
    const std::string field = "spec.validation";
    const std::string ca = "{group: '', kind: ConfigMap, name: c";
    const auto names = [](const std::string& list) { return kValid + ", subjectAltNames: " + list; };
    check_rules(head("BackendTLSPolicy", version) + "targetRefs: [" + kTarget + "}], validation: {", "}}\n",
                {{"a hostname is required", kValid, "wellKnownCACertificates: System", field + ".hostname",
                  "is required"},
                 {"without wildcard", kValid, "wellKnownCACertificates: System, hostname: '*.b'",
                  field + ".hostname", "\"*.b\" is not a hostname"},
                 {"one source of authorities", "hostname: a.b, caCertificateRefs: [" + ca + "}]",
                  kValid + ", caCertificateRefs: [" + ca + "}]", field,
                  "needs exactly one of caCertificateRefs and wellKnownCACertificates"},
                 {"at least one reference", "hostname: a.b, caCertificateRefs: [" + ca + "}]",
                  "hostname: a.b, caCertificateRefs: []", field + ".caCertificateRefs", "must not be empty"},
                 {"at most 8", "hostname: a.b, caCertificateRefs: " + list_of(8, ca + "#}"),
                  "hostname: a.b, caCertificateRefs: " + list_of(9, ca + "#}"), field + ".caCertificateRefs",
                  "has 9 entries, at most 8 are allowed"},
                 {"a reference has its group", "hostname: a.b, caCertificateRefs: [" + ca + "}]",
                  "hostname: a.b, caCertificateRefs: [{kind: ConfigMap, name: c}]",
                  field + ".caCertificateRefs[0].group", "is required"},
                 {"well-known sets", "hostname: a.b, wellKnownCACertificates: a.b/C",
                  "hostname: a.b, wellKnownCACertificates: system", field + ".wellKnownCACertificates",
                  "\"system\" is not a set of well-known certificates"},
                 {"a hostname's name has a hostname", names("[{type: Hostname, hostname: '*.a'}]"),
                  names("[{type: Hostname}]"), field + ".subjectAltNames[0].hostname",
                  "is required for type Hostname"},
                 {"a URI's name has a URI", names("[{type: URI, uri: 'spiffe://a/b'}]"),
                  names("[{type: URI, uri: 'a/b'}]"), field + ".subjectAltNames[0].uri",
                  "\"a/b\" is not an absolute URI"},
                 {"at most 5 names", names(list_of(5, "{type: Hostname, hostname: a#}")),
                  names(list_of(6, "{type: Hostname, hostname: a#}")), field + ".subjectAltNames",
                  "has 6 entries, at most 5 are allowed"}});
  }
}
