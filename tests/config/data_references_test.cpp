// SPDX-License-Identifier: Apache-2.0
// Which Secrets and ConfigMaps are fetched.
#include "config/translate/data_references.h"

#include <catch2/catch.hpp>

#include "tests/support/snapshot_from_yaml.h"

namespace gatehouse::translate {
namespace {

const std::vector<std::string> kOurs{"gatehouse.dev/gateway-controller"};

objects::Snapshot two_gateways() {
  return test::snapshot_from_yaml(R"(
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
metadata: {name: web, namespace: shop}
spec:
  gatewayClassName: ours
  listeners:
    - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: web}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: api, namespace: shop}
spec:
  gatewayClassName: ours
  listeners:
    - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: api, namespace: certs}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: foreign, namespace: shop}
spec:
  gatewayClassName: theirs
  listeners:
    - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: foreign}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: more, namespace: team}
spec:
  parentRef: {name: api, namespace: shop}
  listeners:
    - {name: more, port: 443, protocol: HTTPS, hostname: more.example, tls: {certificateRefs: [{name: more}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: backend, namespace: shop}
spec:
  targetRefs: [{group: "", kind: Service, name: backend}]
  validation: {hostname: backend.example, caCertificateRefs: [{group: "", kind: ConfigMap, name: authority}]}
)");
}

}  // namespace

TEST_CASE("Secrets of our Gateways and their ListenerSets are wanted, those of others are not") {
  const auto wanted = data_references(two_gateways(), kOurs);
  CHECK(wanted.secrets == std::set<std::string>{"certs/api", "shop/web", "team/more"});
  CHECK(wanted.config_maps == std::set<std::string>{"shop/authority"});
}

TEST_CASE("whoever serves one Gateway wants no Secret of another") {
  CHECK(data_references(two_gateways(), kOurs, "shop/web").secrets == std::set<std::string>{"shop/web"});
  CHECK(data_references(two_gateways(), kOurs, "shop/api").secrets ==
        std::set<std::string>{"certs/api", "team/more"});
}

}  // namespace gatehouse::translate
