// SPDX-License-Identifier: Apache-2.0
// Every field of GRPCRoute, TLSRoute, TCPRoute, UDPRoute and BackendTLSPolicy, and their defaults.
#include "config/objects/object_store.h"
#include "tests/config/schema_rules.h"

using namespace gatehouse::objects;
using gatehouse::test::decode_text;

namespace {

template <typename Object>
std::shared_ptr<const Object> good(const std::string& yaml) {
  const auto decoded = decode_text(yaml);
  for (const auto& problem : decoded.problems) UNSCOPED_INFO(to_line(problem));
  REQUIRE(decoded.problems.empty());
  REQUIRE(decoded.object);
  return std::get<std::shared_ptr<const Object>>(*decoded.object);
}

const std::string kApi = "apiVersion: gateway.networking.k8s.io/";

}  // namespace

TEST_CASE("every field of a GRPCRoute is read with its defaults") {
  const auto route = good<GrpcRoute>(kApi + R"(v1
kind: GRPCRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{name: gw, sectionName: http, port: 80}]
  hostnames: [a.example, "*.b.example"]
  useDefaultGateways: All
  rules:
  - name: first
    matches:
    - method: {service: com.example.User, method: Login}
      headers: [{name: X-A, value: b}, {name: c, value: "d.*", type: RegularExpression}]
    - method: {type: RegularExpression, method: "Get.*"}
    filters:
    - {type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: x, value: y}]}}
    - {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [z]}}
    - {type: RequestMirror, requestMirror: {backendRef: {name: m, port: 1}, percent: 3}}
    - {type: ExtensionRef, extensionRef: {group: g, kind: K, name: n}}
    backendRefs:
    - {name: s, port: 8080, weight: 3, filters: [{type: RequestHeaderModifier, requestHeaderModifier: {}}]}
    - {name: t, namespace: other, port: 8080}
    sessionPersistence: {cookie: {name: c}}
  - {}
)");
  CHECK(route->meta.full_name() == "shop/r");
  CHECK(route->parent_refs.at(0).section_name == "http");
  CHECK(route->parent_refs.at(0).port == 80);
  CHECK(route->hostnames == std::vector<std::string>{"a.example", "*.b.example"});
  CHECK(route->use_default_gateways == "All");
  REQUIRE(route->rules.size() == 2);
  const auto& rule = route->rules.at(0);
  CHECK(rule.name == "first");
  CHECK(rule.matches.at(0).method == GrpcMethodMatch{"Exact", "com.example.User", "Login"});
  CHECK(rule.matches.at(0).headers.at(0) == HttpValueMatch{"Exact", "X-A", "b"});
  CHECK(rule.matches.at(0).headers.at(1) == HttpValueMatch{"RegularExpression", "c", "d.*"});
  CHECK(rule.matches.at(1).method == GrpcMethodMatch{"RegularExpression", std::nullopt, "Get.*"});
  CHECK(rule.filters.at(0).request_header_modifier->add.at(0) == HttpHeader{"x", "y"});
  CHECK(rule.filters.at(1).response_header_modifier->remove == std::vector<std::string>{"z"});
  CHECK(rule.filters.at(2).request_mirror->percent == 3);
  CHECK(rule.filters.at(3).extension_ref->kind == "K");
  CHECK(rule.backend_refs.at(0).weight == 3);
  CHECK(rule.backend_refs.at(0).filters.size() == 1);
  CHECK(rule.backend_refs.at(1).ns == "other");
  CHECK(rule.backend_refs.at(1).weight == 1);
  CHECK(rule.session_persistence->cookie->name == "c");
  CHECK(route->rules.at(1) == GrpcRouteRule{});
}

TEST_CASE("a GRPCRoute without rules has none") {
  const auto route = good<GrpcRoute>(kApi + "v1\nkind: GRPCRoute\nmetadata: {name: r}\nspec: {}\n");
  CHECK(route->rules.empty());
  CHECK(route->use_default_gateways.empty());
}

TEST_CASE("every field of the routes below HTTP is read with its defaults, in every version") {
  const std::string spec = R"(
metadata: {name: r}
spec:
  parentRefs: [{name: gw}]
  useDefaultGateways: None
  rules:
  - name: only
    backendRefs: [{name: a, port: 1, weight: 0}, {name: b, namespace: n, port: 2}]
)";
  const auto check = [](const auto& route) {
    CHECK(route->parent_refs.at(0).kind == "Gateway");
    CHECK(route->use_default_gateways == "None");
    REQUIRE(route->rules.size() == 1);
    CHECK(route->rules[0].name == "only");
    CHECK(route->rules[0].backend_refs.at(0).weight == 0);
    CHECK(route->rules[0].backend_refs.at(1).weight == 1);
    CHECK(route->rules[0].backend_refs.at(1).ns == "n");
    CHECK(route->rules[0].backend_refs.at(1).kind == "Service");
  };
  for (const std::string version : {"v1", "v1alpha2"}) {
    check(good<TcpRoute>(kApi + version + "\nkind: TCPRoute" + spec));
    check(good<UdpRoute>(kApi + version + "\nkind: UDPRoute" + spec));
  }
  for (const std::string version : {"v1", "v1alpha3", "v1alpha2"}) {
    const auto route = good<TlsRoute>(kApi + version + "\nkind: TLSRoute" + spec + "  hostnames: ['*.a']\n");
    check(route);
    CHECK(route->hostnames == std::vector<std::string>{"*.a"});
  }
}

TEST_CASE("a version that no CRD serves is refused with the one to use") {
  const auto decoded = decode_text(kApi + "v1alpha3\nkind: TCPRoute\nmetadata: {name: r}\nspec: {}\n");
  CHECK_FALSE(decoded.object);
  REQUIRE(decoded.problems.size() == 1);
  CHECK(decoded.problems[0].fix == "use gateway.networking.k8s.io/v1");
}

TEST_CASE("every field of a BackendTLSPolicy is read") {
  for (const std::string version : {"v1", "v1alpha3"}) {
    const auto policy = good<BackendTlsPolicy>(kApi + version + R"(
kind: BackendTLSPolicy
metadata: {name: p}
spec:
  targetRefs: [{group: "", kind: Service, name: s, sectionName: https}]
  options: {a.b/c: d}
  validation:
    hostname: a.example
    caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]
    subjectAltNames: [{type: Hostname, hostname: "*.b"}, {type: URI, uri: "spiffe://c/d"}]
)");
    CHECK(policy->target_refs.at(0) == PolicyTargetReference{"", "Service", "s", "https"});
    CHECK(policy->options.at("a.b/c") == "d");
    CHECK(policy->validation.hostname == "a.example");
    CHECK(policy->validation.ca_certificate_refs.at(0) == LocalObjectReference{"", "ConfigMap", "ca"});
    CHECK_FALSE(policy->validation.well_known_ca_certificates);
    CHECK(policy->validation.subject_alt_names.at(0) == SubjectAltName{"Hostname", "*.b"});
    CHECK(policy->validation.subject_alt_names.at(1) == SubjectAltName{"URI", "spiffe://c/d"});
  }
}

TEST_CASE("the store keeps the routes and policies of every kind apart") {
  ObjectStore store;
  std::vector<AnyObject> objects;
  const std::string rules = "rules: [{backendRefs: [{name: a, port: 1}]}]";
  for (const std::string kind : {"GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute", "BackendTLSPolicy"}) {
    const auto spec = kind == "GRPCRoute"  ? "{}"
                      : kind == "TLSRoute" ? "{hostnames: [a], " + rules + "}"
                      : kind.ends_with("y")
                          ? "{targetRefs: [{group: '', kind: Service, name: s}], validation: "
                            "{hostname: a, wellKnownCACertificates: System}}"
                          : "{" + rules + "}";
    objects.push_back(
        *decode_text(kApi + "v1\nkind: " + kind + "\nmetadata: {name: same}\nspec: " + spec + "\n").object);
  }
  CHECK(store.apply("f", objects));
  const auto& snapshot = store.snapshot();
  CHECK(snapshot.grpc_routes.contains("default/same"));
  CHECK(snapshot.tls_routes.contains("default/same"));
  CHECK(snapshot.tcp_routes.contains("default/same"));
  CHECK(snapshot.udp_routes.contains("default/same"));
  CHECK(snapshot.backend_tls_policies.contains("default/same"));
  CHECK_FALSE(store.apply("f", objects));
  objects.pop_back();
  CHECK(store.apply("f", objects));
  CHECK(store.snapshot().backend_tls_policies.empty());
}
