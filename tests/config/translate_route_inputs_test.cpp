// SPDX-License-Identifier: Apache-2.0
// Which changes of other objects cost the translation of a route, and which do
// not.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "config/translate/translate.h"
#include "tests/support/snapshot_from_yaml.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kBase = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: ours}
spec: {controllerName: gatehouse.dev/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: ours
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: other}
spec: {clusterIP: 10.0.0.2, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: aside}
spec: {clusterIP: 10.0.0.3, ports: [{port: 80}]}
---
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackend
metadata: {name: ext}
spec:
  type: ExternalHostname
  port: {number: 80}
  externalHostname: {hostname: a.example.com}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: plain}
spec:
  parentRefs: [{name: gw}]
  rules: [{backendRefs: [{name: web, port: 80}]}]
)";

constexpr const char* kGrant = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: grant, namespace: other}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}]
  to: [{group: "", kind: Service}]
)";

/// `rule` is what the rule of the route "special" holds.
objects::Snapshot with_special(std::string_view rule) {
  return test::snapshot_from_yaml(std::string(kBase) + fmt::format(R"(
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: special}}
spec:
  parentRefs: [{{name: gw}}]
  rules: [{}]
)",
                                                                   rule));
}

/// The object as a new one, as after an edit that changes nothing.
template <typename T>
void touch(objects::ObjectMap<T>& map, const std::string& name) {
  map[name] = std::make_shared<T>(*map.at(name));
}

/// How many routes `change` makes translate look at again.
std::uint64_t cost_of(std::string_view rule, void (*change)(objects::Snapshot&)) {
  auto snapshot = with_special(rule);
  const auto memo = make_memo();
  translate(snapshot, {}, memo.get());
  const auto before = routes_translated(*memo);
  change(snapshot);
  const auto remembered = translate(snapshot, {}, memo.get());
  const auto afresh = translate(snapshot, {}, nullptr);
  CHECK(remembered.statuses == afresh.statuses);
  CHECK(*remembered.config == *afresh.config);
  return routes_translated(*memo) - before;
}

constexpr std::string_view kCrossNamespace = "{backendRefs: [{name: web, namespace: other, port: 80}]}";
constexpr std::string_view kMirror =
    "{backendRefs: [{name: web, port: 80}], filters: [{type: RequestMirror, "
    "requestMirror: {backendRef: {name: "
    "aside, port: 80}}}]}";
constexpr std::string_view kBackendMirror =
    "{backendRefs: [{name: web, port: 80, filters: [{type: RequestMirror, "
    "requestMirror: {backendRef: {name: "
    "aside, port: 80}}}]}]}";
constexpr std::string_view kAuth =
    "{backendRefs: [{name: web, port: 80}], filters: [{type: ExternalAuth, "
    "externalAuth: {protocol: HTTP, "
    "http: {}, backendRef: {name: aside, port: 80}}}]}";
constexpr std::string_view kXBackend =
    "{backendRefs: [{group: gateway.networking.x-k8s.io, kind: XBackend, name: "
    "ext}]}";

}  // namespace

TEST_CASE("a grant that comes costs the routes that refer to its namespace") {
  const auto add_grant = [](objects::Snapshot& snapshot) {
    snapshot.reference_grants = test::snapshot_from_yaml(kGrant).reference_grants;
  };
  CHECK(cost_of(kCrossNamespace, add_grant) == 1);
  CHECK(cost_of(kXBackend, add_grant) == 0);
}

TEST_CASE("a grant that goes takes the backend away at once") {
  auto snapshot = with_special(kCrossNamespace);
  snapshot.reference_grants = test::snapshot_from_yaml(kGrant).reference_grants;
  const auto memo = make_memo();
  const auto granted = translate(snapshot, {}, memo.get());
  snapshot.reference_grants.clear();
  const auto withdrawn = translate(snapshot, {}, memo.get());
  const auto backend = [](const Translation& translation) {
    return translation.config->listeners.at(0)->routes.at(1).route->rules.at(0).backends.at(0);
  };
  CHECK(backend(granted).cluster == "Service/other/web/80");
  CHECK(backend(withdrawn).error_status == 500);
}

TEST_CASE(
    "a Service behind a mirror or an authorization costs the routes that "
    "use it") {
  const auto touch_aside = [](objects::Snapshot& snapshot) { touch(snapshot.services, "default/aside"); };
  CHECK(cost_of(kMirror, touch_aside) == 1);
  CHECK(cost_of(kBackendMirror, touch_aside) == 1);
  CHECK(cost_of(kAuth, touch_aside) == 1);
  CHECK(cost_of(kXBackend, touch_aside) == 0);
}

TEST_CASE("a Service that a mirror waits for is taken up when it comes") {
  auto snapshot = with_special(kMirror);
  const auto aside = snapshot.services.at("default/aside");
  snapshot.services.erase("default/aside");
  const auto memo = make_memo();
  const auto waiting = translate(snapshot, {}, memo.get());
  snapshot.services["default/aside"] = aside;
  const auto served = translate(snapshot, {}, memo.get());
  const auto mirrors = [](const Translation& translation) {
    return translation.config->listeners.at(0)->routes.at(1).route->rules.at(0).filters.mirrors.size();
  };
  CHECK(mirrors(waiting) == 0);
  CHECK(mirrors(served) == 1);
}

TEST_CASE("an XBackend costs the routes that use it") {
  const auto touch_it = [](objects::Snapshot& snapshot) { touch(snapshot.x_backends, "default/ext"); };
  CHECK(cost_of(kXBackend, touch_it) == 1);
  CHECK(cost_of(kCrossNamespace, touch_it) == 0);
}

TEST_CASE("a Service of the same name in another namespace costs nothing") {
  CHECK(cost_of(kXBackend, [](objects::Snapshot& snapshot) { touch(snapshot.services, "other/web"); }) == 0);
}

TEST_CASE("labels of slices find their XBackend without costing a route") {
  const auto add_slice = [](objects::Snapshot& snapshot) {
    snapshot.endpoint_slices = test::snapshot_from_yaml(R"(
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: s, labels: {app: shop}}
addressType: IPv4
ports: [{name: "", port: 8080}]
endpoints: [{addresses: [10.1.0.1]}]
)")
                                   .endpoint_slices;
  };
  CHECK(cost_of(kXBackend, add_slice) == 0);
}

}  // namespace gatehouse::translate
