// SPDX-License-Identifier: Apache-2.0
// How far a change reaches: what is looked at, counted, for each kind of change that is frequent in a
// cluster.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "config/file/yaml_reader.h"
#include "config/objects/decode.h"
#include "config/objects/object_store.h"
#include "config/translate/translate.h"

namespace gatehouse::translate {
namespace {

constexpr int kRoutes = 600;

constexpr const char* kGateways = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: ours}
spec: {controllerName: gatehouse.dev/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: theirs}
spec: {controllerName: example.com/other}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: ours
  listeners:
    - name: http
      port: 80
      protocol: HTTP
      allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {web: "yes"}}}}
    - {name: tcp, port: 3000, protocol: TCP}
    - {name: other-tcp, port: 3001, protocol: TCP}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: foreign}
spec: {gatewayClassName: theirs, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: default, labels: {web: "yes"}}
)";

constexpr const char* kPolicies = R"(
apiVersion: gatehouse.dev/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: all}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw}]
  timeouts: {connect: 1s}
---
apiVersion: gatehouse.dev/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: one}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r1, sectionName: main}]
  timeouts: {connect: 2s}
---
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackendTrafficPolicy
metadata: {name: budget}
spec:
  targetRefs: [{group: "", kind: Service, name: s2}]
  retryConstraint: {budget: {percent: 30, interval: 10s}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: secure}
spec:
  targetRefs: [{group: "", kind: Service, name: s3}]
  validation: {hostname: a.test, wellKnownCACertificates: System}
)";

std::string route(const std::string& kind, const std::string& name, const std::string& service,
                  const std::string& parent = "{name: gw, sectionName: http}") {
  return fmt::format(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: {}
metadata: {{name: {}}}
spec:
  parentRefs: [{}]
  hostnames: [{}.test]
  rules: [{{name: main, backendRefs: [{{name: {}, port: 80}}]}}]
)",
                     kind, name, parent, name, service);
}

std::string tcp_route(const std::string& name, const std::string& listener) {
  return fmt::format(R"(
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {{name: {}}}
spec:
  parentRefs: [{{name: gw, sectionName: {}}}]
  rules: [{{backendRefs: [{{name: s0, port: 80}}]}}]
)",
                     name, listener);
}

std::string service(const std::string& name, const std::string& address = "10.0.0.1") {
  return fmt::format(
      "apiVersion: v1\nkind: Service\nmetadata: {{name: {}}}\nspec: {{clusterIP: {}, ports: [{{port: "
      "80}}]}}\n",
      name, address);
}

std::string slice(const std::string& service, int address) {
  return fmt::format(R"(
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {0}-slice, labels: {{kubernetes.io/service-name: {0}}}}}
addressType: IPv4
ports: [{{name: "", port: 8080}}]
endpoints: [{{addresses: [10.1.0.{1}]}}]
)",
                     service, address);
}

/// 600 routes, each with its Service and slice; every second is a GRPCRoute. Counts are of the last pass.
class Cluster {
 public:
  Cluster() {
    options_.address_pool = {Cidr::parse("127.0.0.1").value()};
    std::string text = kGateways;
    for (int i = 0; i < kRoutes; ++i) {
      const auto name = fmt::format("s{}", i);
      text += "---" + route(i % 2 == 0 ? "HTTPRoute" : "GRPCRoute", fmt::format("r{}", i), name);
      text += "---\n" + service(name) + "---" + slice(name, 1);
    }
    put(text + "---" + route("HTTPRoute", "r1", "s1"));
    pass();
    REQUIRE(last_.config->listeners.at(0)->routes.size() == kRoutes + 1);
  }

  void put(const std::string& text) { store_.upsert("test", read(text)); }
  void remove(const std::string& text) { store_.remove("test", {objects::identity(read(text).front())}); }

  void pass() {
    before_ = counts_of(*memo_);
    previous_ = last_.config;
    last_ = translate(store_.snapshot(), options_, memo_.get());
    store_.forget_changes();
  }

  std::uint64_t full() const { return counts_of(*memo_).full_passes - before_.full_passes; }
  std::uint64_t visited() const { return counts_of(*memo_).routes_visited - before_.routes_visited; }
  std::uint64_t translated() const { return counts_of(*memo_).routes_translated - before_.routes_translated; }
  std::uint64_t rebuilt() const { return counts_of(*memo_).clusters_rebuilt - before_.clusters_rebuilt; }
  bool is_same_config() const { return last_.config == previous_; }
  const Translation& last() const { return last_; }

  /// Of the clusters before the last pass, those that are other objects now, or gone.
  std::size_t clusters_exchanged() const {
    std::size_t count = 0;
    for (const auto& cluster : previous_->clusters) {
      const auto& now = last_.config->clusters;
      if (std::find(now.begin(), now.end(), cluster) == now.end()) ++count;
    }
    return count;
  }

 private:
  static std::vector<objects::AnyObject> read(const std::string& text) {
    std::vector<objects::AnyObject> objects;
    file::read_yaml(text, "test.yaml", [&](const nlohmann::json& value, const objects::SourceMap& locations) {
      auto decoded = objects::decode_object(value, &locations);
      REQUIRE(decoded.object);
      objects.push_back(std::move(*decoded.object));
    });
    return objects;
  }

  Options options_;
  objects::ObjectStore store_;
  std::shared_ptr<Memo> memo_ = make_memo();
  MemoCounts before_;
  std::shared_ptr<const ir::Config> previous_;
  Translation last_;
};

}  // namespace

TEST_CASE("with policies of every family a changed HTTPRoute or GRPCRoute is the only one looked at") {
  Cluster cluster;
  cluster.put(kPolicies);
  cluster.pass();
  CHECK(cluster.full() == 1);
  for (const auto* kind : {"HTTPRoute", "GRPCRoute"}) {
    cluster.put(route(kind, kind[0] == 'H' ? "r4" : "r5", "s7"));
    cluster.pass();
    CHECK(cluster.full() == 0);
    CHECK(cluster.visited() == 1);
    CHECK(cluster.translated() == 1);
    CHECK(cluster.rebuilt() == 0);
    CHECK(cluster.clusters_exchanged() <= 1);  // nobody needs that of the Service before
  }
}

TEST_CASE("a route that a policy names takes the long way only when its rules have other names, or it goes") {
  Cluster cluster;
  cluster.put(kPolicies);
  cluster.pass();
  cluster.put(route("HTTPRoute", "r1", "s9"));
  cluster.pass();
  CHECK(cluster.full() == 0);
  CHECK(cluster.visited() == 1);
  cluster.remove(route("HTTPRoute", "r1", "s9"));
  cluster.pass();
  CHECK(cluster.full() == 1);
  const auto& status = cluster.last().statuses.policies.at("BackendTrafficPolicy").at("default/one");
  CHECK(status.ancestors.at(0).conditions.at(0).reason == "TargetNotFound");
}

TEST_CASE("hundreds of routes that changed in one pass are the only ones looked at") {
  Cluster cluster;
  cluster.put(kPolicies);
  cluster.pass();
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += "---" + route(i % 2 == 0 ? "HTTPRoute" : "GRPCRoute", fmt::format("r{}", i),
                          fmt::format("s{}", (i + 1) % 300));
  cluster.put(text);
  cluster.pass();
  CHECK(cluster.full() == 0);
  CHECK(cluster.visited() == 300);
  CHECK(cluster.translated() == 300);
}

TEST_CASE("a route that comes or goes is the only one looked at") {
  Cluster cluster;
  const auto fresh = route("GRPCRoute", "fresh", "s1");
  cluster.put(fresh);
  cluster.pass();
  CHECK(cluster.full() == 0);
  CHECK(cluster.visited() == 1);
  CHECK(cluster.last().config->listeners.at(0)->routes.size() == kRoutes + 2);
  cluster.remove(fresh);
  cluster.pass();
  CHECK(cluster.full() == 0);
  CHECK(cluster.visited() == 0);
  CHECK(cluster.last().config->listeners.at(0)->routes.size() == kRoutes + 1);
}

TEST_CASE("a TCPRoute that changes brings along those that compete for its listener, and no other") {
  Cluster cluster;
  cluster.put(tcp_route("a", "tcp") + "---" + tcp_route("b", "tcp") + "---" + tcp_route("c", "other-tcp"));
  cluster.pass();
  CHECK(cluster.full() == 0);
  cluster.remove(tcp_route("a", "tcp"));
  cluster.pass();
  CHECK(cluster.full() == 0);
  CHECK(cluster.visited() == 1);
  const auto& listeners = cluster.last().config->listeners;
  CHECK(listeners.at(2)->l4_routes.at(0).route->key == "TCPRoute/default/b");
}

TEST_CASE("EndpointSlices of several Services replace the endpoints of their clusters, and nothing else") {
  Cluster cluster;
  cluster.put(slice("s2", 2) + "---" + slice("s3", 2) + "---" + slice("s4", 2));
  cluster.pass();
  CHECK(cluster.full() == 0);
  CHECK(cluster.visited() == 0);
  CHECK(cluster.rebuilt() == 3);
  CHECK(cluster.clusters_exchanged() == 3);
}

TEST_CASE("a Service that changes brings along the routes that name it") {
  Cluster cluster;
  cluster.put(kPolicies);
  cluster.pass();
  cluster.put(service("s3", "10.0.0.9"));
  cluster.pass();
  CHECK(cluster.full() == 0);
  CHECK(cluster.visited() == 1);
  CHECK(cluster.clusters_exchanged() == 0);  // it has slices
}

TEST_CASE("what concerns no Gateway of ours costs nothing but a look at it") {
  Cluster cluster;
  cluster.put(route("HTTPRoute", "theirs", "s1", "{name: foreign}"));
  cluster.pass();
  CHECK(cluster.full() == 0);
  CHECK(cluster.visited() == 1);
  CHECK(cluster.is_same_config());

  cluster.put(service("nobody", "10.0.0.7") + "---" + slice("nobody", 7));
  cluster.put(
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {web: \"yes\", new: label}}\n");
  cluster.put("apiVersion: v1\nkind: Namespace\nmetadata: {name: far, labels: {web: \"no\"}}\n");
  cluster.put(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: foreign}
spec: {gatewayClassName: theirs, listeners: [{name: http, port: 81, protocol: HTTP}]}
)");
  cluster.pass();
  CHECK(cluster.full() == 0);
  CHECK(cluster.visited() == 0);
  CHECK(cluster.is_same_config());
}

TEST_CASE("a label that a listener selects namespaces by takes the long way") {
  Cluster cluster;
  cluster.put("apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {web: \"no\"}}\n");
  cluster.pass();
  CHECK(cluster.full() == 1);
  CHECK(cluster.last().config->listeners.at(0)->routes.empty());
}

}  // namespace gatehouse::translate
