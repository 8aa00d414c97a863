// SPDX-License-Identifier: Apache-2.0
// Random edits of objects of all kinds: the short ways against translating everything.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "config/file/yaml_reader.h"
#include "config/objects/decode.h"
#include "config/objects/object_store.h"
#include "config/translate/translate.h"
#include "tests/support/source_dir.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kFixed = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: gatehouse}
spec: {controllerName: gatehouse.dev/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: theirs}
spec: {controllerName: example.com/other}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: one, namespace: default, creationTimestamp: "2026-01-01T00:00:00Z"}
spec:
  gatewayClassName: gatehouse
  allowedListeners: {namespaces: {from: All}}
  listeners:
    - {name: a, port: 80, protocol: HTTP}
    - {name: b, port: 81, protocol: HTTP, hostname: "*.example.com"}
    - {name: tcp, port: 3000, protocol: TCP}
    - {name: udp, port: 3000, protocol: UDP}
    - {name: tls, port: 8443, protocol: TLS, tls: {mode: Passthrough}}
)";

std::string text_of_file(const std::string& path) {
  std::ifstream in(gatehouse::test::kSourceDir + path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<objects::AnyObject> read(const std::string& text) {
  std::vector<objects::AnyObject> objects;
  file::read_yaml(text, "random.yaml", [&](const nlohmann::json& value, const objects::SourceMap& locations) {
    auto decoded = objects::decode_object(value, &locations);
    INFO(text);
    REQUIRE(decoded.object);
    objects.push_back(std::move(*decoded.object));
  });
  return objects;
}

/// Objects that change at random, most often those that do in a cluster.
class World {
 public:
  explicit World(std::uint32_t seed) : dice_(seed) {
    put(kFixed);
    put(text_of_file("/tests/golden/listener_tls/type_of_the_secret_is_free.in.yaml"));  // default/cert
    for (const auto* name : {"s0", "s1", "s2"}) put(service(name));
    put(second_gateway());
  }

  const objects::ObjectStore& store() const { return store_; }
  void forget_changes() { store_.forget_changes(); }

  void edit() {
    using Make = std::string (World::*)();
    static constexpr Make kOften[] = {&World::http_route, &World::http_route, &World::slice,
                                      &World::grpc_route, &World::l4_route,   &World::tls_route};
    static constexpr Make kSeldom[] = {
        &World::random_service, &World::traffic_policy, &World::x_traffic_policy, &World::backend_tls,
        &World::x_backend,      &World::space,          &World::foreign_gateway,  &World::second_gateway,
        &World::listener_set,   &World::grant,          &World::random_service,   &World::space};
    const auto text =
        die(4) == 0 ? (this->*kSeldom[die(std::size(kSeldom))])() : (this->*kOften[die(std::size(kOften))])();
    const auto objects = read(text);
    if (die(4) == 0)
      store_.remove("test", {objects::identity(objects.front())});
    else
      store_.upsert("test", objects);
  }

 private:
  std::size_t die(std::size_t sides) { return dice_() % sides; }
  std::string pick(std::initializer_list<const char*> from) { return *(from.begin() + die(from.size())); }
  void put(const std::string& text) { store_.upsert("test", read(text)); }

  static std::string service(const std::string& name) {
    return fmt::format(R"(
apiVersion: v1
kind: Service
metadata: {{name: {}, namespace: default}}
spec:
  clusterIP: 10.0.0.1
  selector: {{app: web}}
  ports: [{{name: p80, port: 80}}, {{name: p81, port: 81}}, {{name: dns, port: 53, protocol: UDP}}]
)",
                       name);
  }

  std::string random_service() {
    return fmt::format(R"(
apiVersion: v1
kind: Service
metadata: {{name: {}, namespace: {}}}
spec:
  clusterIP: {}
  selector: {{app: {}}}
  ports: [{{name: {}, port: 80{}}}, {{name: dns, port: 53, protocol: UDP}}]
)",
                       pick({"s0", "s1", "s2", "s3"}), pick({"default", "default", "other"}),
                       pick({"None", "10.0.0.1", "10.0.0.2"}), pick({"web", "api"}), pick({"p80", "web"}),
                       pick({"", ", appProtocol: kubernetes.io/h2c", ", appProtocol: kubernetes.io/wss"}));
  }

  std::string slice() {
    return fmt::format(R"(
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: slice{}, namespace: default, labels: {{kubernetes.io/service-name: {}, app: {}}}}}
addressType: IPv4
ports: [{{name: p80, port: 8080}}, {{name: dns, port: 5353, protocol: UDP}}]
endpoints: [{{addresses: [10.1.0.{}], conditions: {{ready: {}}}}}]
)",
                       die(6), pick({"s0", "s1", "s2"}), pick({"web", "api"}), 1 + die(200),
                       pick({"true", "true", "false"}));
  }

  std::string head(const char* kind, const std::string& version, const std::string& name) {
    return fmt::format(R"(
apiVersion: {}
kind: {}
metadata: {{name: {}, namespace: {}, creationTimestamp: "2026-01-0{}T00:00:00Z"}}
spec:
)",
                       version, kind, name, pick({"default", "default", "other"}), 1 + die(4));
  }

  static std::string gateway_api() { return "gateway.networking.k8s.io/v1"; }

  /// The parentRefs of one route are distinct, as the API demands.
  std::string parents() {
    constexpr auto kSet =
        "[{name: two, namespace: default}, {name: set, namespace: default, kind: ListenerSet}]";
    return pick(
        {"[{name: one, namespace: default}]", "[{name: two, namespace: default}]",
         "[{name: one, namespace: default}, {name: two, namespace: default}]",
         "[{name: one, namespace: default, sectionName: a}, {name: one, namespace: default, sectionName: b}]",
         "[{name: two, namespace: default, sectionName: a}]", "[{name: one, namespace: default, port: 80}]",
         "[{name: theirs, namespace: default}]", "[{name: missing}, {name: two, namespace: default}]", kSet,
         "[{name: set, namespace: default, kind: ListenerSet}]"});
  }

  std::string backend() {
    return fmt::format(
        "{{{}, weight: {}}}",
        pick({"name: s0, port: 80", "name: s1, port: 80", "name: s2, port: 81", "name: s3, port: 80",
              "name: s0, namespace: default, port: 80", "name: s0, namespace: other, port: 80",
              "name: x0, kind: XBackend, group: gateway.networking.x-k8s.io",
              "name: x1, kind: XBackend, group: gateway.networking.x-k8s.io"}),
        die(3));
  }

  std::string http_route() {
    return head("HTTPRoute", gateway_api(), fmt::format("r{}", die(8))) +
           fmt::format(
               R"(
  parentRefs: {}
  hostnames: {}
  rules:
    - name: {}
      matches: [{{path: {{value: {}}}}}]
      backendRefs: [{}, {}]
      filters: {}
    - {{name: rest, backendRefs: [{}]}}
)",
               parents(), pick({"[]", "[a.example.com]", "[b.test]", "['*.example.com']"}),
               pick({"pay", "first"}), pick({"/", "/x"}), backend(), backend(),
               pick({"[]", "[{type: RequestMirror, requestMirror: {backendRef: {name: s1, port: 80}}}]"}),
               backend());
  }

  std::string grpc_route() {
    return head("GRPCRoute", gateway_api(), fmt::format("r{}", die(3))) +
           fmt::format("  parentRefs: {}\n  rules: [{{name: {}, backendRefs: [{}]}}]\n", parents(),
                       pick({"pay", "first"}), backend());
  }

  std::string tls_route() {
    return head("TLSRoute", gateway_api(), fmt::format("t{}", die(3))) +
           fmt::format(
               "  parentRefs: [{}]\n  hostnames: [{}]\n  rules: [{{backendRefs: [{}]}}]\n",
               pick({"{name: one, namespace: default}", "{name: two, namespace: default, sectionName: tls}"}),
               pick({"a.example.com", "b.test"}), backend());
  }

  std::string l4_route() {
    const bool udp = die(2) == 0;
    return head(udp ? "UDPRoute" : "TCPRoute", "gateway.networking.k8s.io/v1alpha2",
                fmt::format("c{}", die(4))) +
           fmt::format("  parentRefs: {}\n  rules: [{{backendRefs: [{}]}}]\n", parents(),
                       udp ? pick({"{name: s0, port: 53}", "{name: s9, port: 53}"}) : backend());
  }

  std::string traffic_policy() {
    const auto target = pick({"group: '', kind: Service, name: s0", "group: '', kind: Service, name: s1",
                              "group: gateway.networking.k8s.io, kind: HTTPRoute, name: r0",
                              "group: gateway.networking.k8s.io, kind: HTTPRoute, name: r1, sectionName: pay",
                              "group: gateway.networking.k8s.io, kind: GRPCRoute, name: r0, sectionName: pay",
                              "group: gateway.networking.k8s.io, kind: Gateway, name: one",
                              "group: gateway.networking.k8s.io, kind: Gateway, name: two, sectionName: a",
                              "group: gateway.networking.k8s.io, kind: ListenerSet, name: set"});
    const auto overrides =
        target.find("Gateway,") == target.npos ? "" : pick({"", "{timeouts: {connect: 3s}}"});
    return head("BackendTrafficPolicy", "gatehouse.dev/v1alpha1", fmt::format("b{}", die(4))) +
           fmt::format("  targetRefs: [{{{}}}]\n{}{}", target,
                       pick({"  timeouts: {connect: 1s}\n", "  timeouts: {connect: 2s, request: 9s}\n",
                             "  retry: {attempts: 2}\n", "  circuitBreaker: {maxConnections: 7}\n"}),
                       overrides.empty() ? "" : "  overrides: " + overrides + "\n");
  }

  std::string x_traffic_policy() {
    return head("XBackendTrafficPolicy", "gateway.networking.x-k8s.io/v1alpha1", fmt::format("q{}", die(2))) +
           fmt::format(
               "  targetRefs: [{{group: '', kind: Service, name: {}}}]\n"
               "  retryConstraint: {{budget: {{percent: {}, interval: 10s}}}}\n",
               pick({"s0", "s1"}), 10 + die(2));
  }

  std::string backend_tls() {
    return head("BackendTLSPolicy", gateway_api(), fmt::format("p{}", die(2))) +
           fmt::format(
               "  targetRefs: [{{group: '', kind: Service, name: {}{}}}]\n"
               "  validation: {{hostname: a.test, wellKnownCACertificates: System}}\n",
               pick({"s0", "s1"}), pick({"", ", sectionName: p80"}));
  }

  std::string x_backend() {
    const bool selects = die(2) == 0;
    return fmt::format(
        R"(
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackend
metadata: {{name: {}, namespace: default}}
spec:
  port: {{number: {}}}
  {}
)",
        pick({"x0", "x1"}), 8080 + die(2),
        selects
            ? "type: EndpointSelector\n  endpointSelector: {matchLabels: {app: " + pick({"web", "api"}) + "}}"
            : "type: ExternalHostname\n  externalHostname: {hostname: a.example.org}");
  }

  std::string space() {
    return fmt::format(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {}, labels: {{team: {}, v: v{}}}}}\n",
        pick({"default", "other", "third"}), pick({"a", "b"}), die(3));
  }

  std::string foreign_gateway() {
    return fmt::format(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: theirs, namespace: default}}
spec: {{gatewayClassName: theirs, listeners: [{{name: a, port: {}, protocol: HTTP}}]}}
)",
                       80 + die(3));
  }

  std::string second_gateway() {
    return fmt::format(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: two, namespace: default, creationTimestamp: "2026-01-0{}T00:00:00Z"}}
spec:
  gatewayClassName: gatehouse
  {}
  allowedListeners: {{namespaces: {{from: Same}}}}
  listeners:
    - name: a
      port: 80
      protocol: HTTP
      allowedRoutes: {{namespaces: {{from: Selector, selector: {{matchLabels: {{team: {}}}}}}}}}
    - {{name: tcp, port: 3001, protocol: TCP, allowedRoutes: {{namespaces: {{from: All}}}}}}
    - {{name: tls, port: 8444, protocol: TLS, tls: {{mode: Terminate, certificateRefs: [{{name: cert}}]}}}}
)",
                       1 + die(4), pick({"", "tls: {backend: {clientCertificateRef: {name: cert}}}"}),
                       pick({"a", "b"}));
  }

  std::string listener_set() {
    return fmt::format(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {{name: set, namespace: default}}
spec:
  parentRef: {{name: {}}}
  listeners: [{{name: a, port: {}, protocol: HTTP}}, {{name: c, port: 83, protocol: TCP}}]
)",
                       pick({"one", "two"}), 82 + die(2));
  }

  std::string grant() {
    return fmt::format(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {{name: grant, namespace: {}}}
spec:
  from: [{{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: {}}}]
  to: [{{group: '', kind: Service}}]
)",
                       pick({"default", "other"}), pick({"default", "other"}));
  }

  std::mt19937 dice_;
  objects::ObjectStore store_;
};

std::vector<std::string> sorted_warnings(const Translation& translation) {
  std::vector<std::string> lines;
  for (const auto& warning : translation.warnings) lines.push_back(objects::to_line(warning));
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// How the short ways learn what has changed.
enum class Told : std::uint8_t { by_feed, by_shortened_feed, by_comparing };

void compare_along(std::uint32_t seed, Told told, int steps) {
  Options options;
  options.address_pool = {Cidr::parse("127.0.0.0/24").value()};
  World world(seed);
  const auto memo = make_memo();
  for (int step = 0; step < steps; ++step) {
    for (int edits = step % 7 == 0 ? 6 : step % 2; edits >= 0; --edits) world.edit();
    auto snapshot = world.store().snapshot();
    if (told == Told::by_comparing) snapshot.feed = {};
    const auto quick = translate(snapshot, options, memo.get());
    const auto whole = translate(snapshot, options, nullptr);
    if (told == Told::by_shortened_feed && step % 3 == 0) world.forget_changes();
    INFO("seed " << seed << " step " << step);
    REQUIRE(ir::dump(*quick.config) == ir::dump(*whole.config));
    REQUIRE(objects::dump(quick.statuses) == objects::dump(whole.statuses));
    REQUIRE(sorted_warnings(quick) == sorted_warnings(whole));
  }
  CHECK(counts_of(*memo).full_passes < static_cast<std::uint64_t>(steps) / 2);
}

}  // namespace

TEST_CASE("random edits of all kinds, told by the feed of the store, come out as if translated anew") {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) compare_along(seed, Told::by_feed, 250);
}

TEST_CASE("random edits of all kinds, told by a feed that begins anew, come out as if translated anew") {
  for (std::uint32_t seed = 11; seed <= 14; ++seed) compare_along(seed, Told::by_shortened_feed, 250);
}

TEST_CASE("random edits of all kinds, found by comparing, come out as if translated anew") {
  for (std::uint32_t seed = 21; seed <= 24; ++seed) compare_along(seed, Told::by_comparing, 250);
}

}  // namespace gatehouse::translate
