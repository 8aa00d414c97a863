// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"gatehouse.dev/tests/conformance/rig/network"
)

const (
	// Endpoints are written by hand: these Services have no selector.
	sharedService = `
apiVersion: v1
kind: Service
metadata: {name: %[1]s}
spec:
  ports:
    - {name: http, port: 80}
    - {name: grpc, port: 8080, appProtocol: kubernetes.io/h2c}
    - {name: udp, port: 53, protocol: UDP}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %[1]s, labels: {kubernetes.io/service-name: %[1]s}}
addressType: IPv4
ports:
  - {name: http, port: %[2]d}
  - {name: grpc, port: %[2]d}
  - {name: udp, port: %[3]d, protocol: UDP}
endpoints: [{addresses: [` + network.BridgeAddress + `], conditions: {ready: true}}]
`
	sharedGateways = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: gatehouse
  listeners:
    - {name: http, port: 80, protocol: HTTP}
    - {name: tls, port: 443, protocol: TLS, tls: {mode: Terminate, certificateRefs: [{name: shared}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: sets}
spec:
  gatewayClassName: gatehouse
  allowedListeners: {namespaces: {from: Same}}
  listeners: [{name: own, port: 80, protocol: HTTP}]
`
	oneOfManyGateways = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gateway-%d}
spec:
  gatewayClassName: gatehouse
  listeners: [{name: http, port: %d, protocol: HTTP}]
`
	listenerSet = `
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: set-%[1]d}
spec:
  parentRef: {name: sets}
  listeners:
    - name: own
      port: 443
      protocol: HTTPS
      hostname: set-%[1]d.%[2]s.example
      tls: {certificateRefs: [{name: set-%[1]d}]}
`
	nearService = `
apiVersion: v1
kind: Service
metadata: {name: near-%[1]d}
spec: {ports: [{name: %[2]s, port: 80}]}
`
	nearSlice = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: near-%[1]d, labels: {kubernetes.io/service-name: near-%[1]d}}
addressType: IPv4
ports:
  - {name: first, port: %[2]d}
  - {name: second, port: %[3]d}
endpoints: [{addresses: [` + network.BridgeAddress + `], conditions: {ready: true}}]
`
	farRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: far-%[1]d}
spec:
  parentRefs: [{name: web}]
  hostnames: [far-%[1]d.example]
  rules: [{backendRefs: [{name: far-%[1]d, namespace: %[2]s, port: 443}]}]
`
	farService = `
apiVersion: v1
kind: Service
metadata: {name: far-%[1]d}
spec: {ports: [{name: https, port: 443}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: far-%[1]d, labels: {kubernetes.io/service-name: far-%[1]d}}
addressType: IPv4
ports: [{name: https, port: %[2]d}]
endpoints: [{addresses: [` + network.BridgeAddress + `], conditions: {ready: true}}]
`
	farGrant = `
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: far-%[1]d}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: %[2]s}]
  to: [{group: "", kind: Service, name: %[3]s}]
`
	farPolicy = `
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: far-%[1]d}
spec:
  targetRefs: [{group: "", kind: Service, name: far-%[1]d}]
  validation:
    hostname: %[2]s.example
    caCertificateRefs: [{group: "", kind: ConfigMap, name: far-%[1]d}]
`
	farConfigMap = `
apiVersion: v1
kind: ConfigMap
metadata: {name: far-%d}
data:
  ca.crt: |
    %s
`
	grpcRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: grpc-%[1]d}
spec:
  parentRefs: [{name: web, sectionName: http}]
  hostnames: [grpc-%[1]d.example]
  rules: [{backendRefs: [{name: %[2]s, port: 8080}]}]
`
	tlsRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: tls-%[1]d}
spec:
  parentRefs: [{name: web, sectionName: tls}]
  hostnames: [tls-%[1]d.example]
  rules: [{backendRefs: [{name: %[2]s, port: 80}]}]
`
)

func secret(name, certificate, key string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Secret, type: kubernetes.io/tls, metadata: {name: %s}, "+
		"data: {tls.crt: %s, tls.key: %s}}", name, inBase64(certificate), inBase64(key))
}

// routeOfMany leads everything from up to 32 parents of that kind to one backend.
func routeOfMany(kind, name string, begin int) string {
	var parents []string
	for i := begin; i < min(begin+parentsPerRoute, many); i++ {
		parents = append(parents, fmt.Sprintf("{group: gateway.networking.k8s.io, kind: %s, name: %s-%d}", kind, name, i))
	}
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %s-%d}
spec:
  parentRefs: [%s]
  rules: [{backendRefs: [{name: first, port: 80}]}]
`, name, begin, strings.Join(parents, ", "))
}

func gatewayOfPorts(kind string, number int) string {
	var listeners []string
	for i := range portsPerGateway {
		listeners = append(listeners,
			fmt.Sprintf("{name: port-%d, port: %d, protocol: %s}", i, firstPort+i, strings.ToUpper(kind)))
	}
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: %s-%d}
spec:
  gatewayClassName: gatehouse
  listeners: [%s]
`, kind, number, strings.Join(listeners, ", "))
}

func portRoute(kind, name string, number int, service form, port int) string {
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: %s
metadata: {name: %s-%d}
spec:
  parentRefs: [{name: %s-%d, sectionName: port-%d}]
  rules: [{backendRefs: [{name: %s, port: %d}]}]
`, kind, name, number, name, number/portsPerGateway, number%portsPerGateway, service, port)
}

// indented is a text of several lines in a block of YAML.
func indented(text string) string {
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}
