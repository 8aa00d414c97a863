// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const echoImage = "registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0"

// backend is a Deployment of echo-basic and its Service. A pod that is to go serves on for two seconds: until then
// everybody knows.
func backend(name string, pods int) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %[1]s}
spec:
  selector: {app: %[1]s}
  ports: [{name: http, port: 80, targetPort: 3000}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  replicas: %[2]d
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 25%%}}
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      terminationGracePeriodSeconds: 4
      containers:
        - name: echo
          image: %[3]s
          lifecycle: {preStop: {sleep: {seconds: 2}}}
`, name, pods, echoImage)
}

// web is a Gateway with one HTTP listener.
func web(name string) string {
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: %s}
spec:
  gatewayClassName: gatehouse
  listeners: [{name: http, port: 80, protocol: HTTP}]
`, name)
}

// route leads `host` from a Gateway to a Service.
func route(name, gateway, host, service string) string {
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %s}
spec:
  parentRefs: [{name: %s}]
  hostnames: [%s]
  rules: [{backendRefs: [{name: %s, port: 80}]}]
`, name, gateway, host, service)
}

// serve puts up the Gateway "web", the backend "echo" with that many pods and a route for echo.example between them;
// it returns when a client gets answers.
func (s *Stage) serve(pods int) target {
	s.apply(web("web"))
	to := target{address: s.addressOf("web"), host: "echo.example"}
	s.serveAt(to, pods)
	return to
}

// serveAt is serve() for a gateway that listens elsewhere than its Gateway says.
func (s *Stage) serveAt(to target, pods int) {
	s.apply(web("web"))
	s.apply(backend("echo", pods))
	s.apply(route("echo", "web", "echo.example", "echo"))
	s.awaitPods("echo")
	s.awaitServed(to)
}

func (s *Stage) awaitServed(to target) time.Duration {
	return s.await(20*time.Second, to.host+" is served", func() error { return ask(to) })
}

// awaitPods returns when the Deployment is rolled out.
func (s *Stage) awaitPods(deployment string) time.Duration {
	return s.await(90*time.Second, "pods of "+deployment, func() error {
		found := s.get("Deployment", deployment)
		number := func(path ...string) int64 {
			value, _, _ := unstructured.NestedInt64(found.Object, path...)
			return value
		}
		wanted := number("spec", "replicas")
		if number("status", "observedGeneration") < found.GetGeneration() ||
			number("status", "updatedReplicas") != wanted || number("status", "availableReplicas") != wanted ||
			number("status", "replicas") != wanted {
			return fmt.Errorf("%d of %d pods are available", number("status", "availableReplicas"), wanted)
		}
		return nil
	})
}

// addressOf waits until the Gateway is programmed; its address with port 80.
func (s *Stage) addressOf(name string) string {
	address := ""
	s.await(20*time.Second, "the Gateway is programmed", func() error {
		found := s.get("Gateway", name)
		conditions, _, _ := unstructured.NestedSlice(found.Object, "status", "conditions")
		addresses, _, _ := unstructured.NestedSlice(found.Object, "status", "addresses")
		if condition(conditions, "Programmed") != "True" || len(addresses) == 0 {
			return fmt.Errorf("conditions %v, addresses %v", conditions, addresses)
		}
		first, _ := addresses[0].(map[string]any)
		address, _ = first["value"].(string)
		if address == "" {
			return errors.New("the address is empty")
		}
		return nil
	})
	return net.JoinHostPort(address, "80")
}
