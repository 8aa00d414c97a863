// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gatehouse.dev/tests/conformance/rig/gateway"
)

const (
	tcpDefinition = "tcproutes.gateway.networking.k8s.io"
	// Absent kinds are looked for every 30 s.
	discoveryLimit = 45 * time.Second

	tcpGateway = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: raw}
spec:
  gatewayClassName: gatehouse
  listeners: [{name: tcp, port: 9000, protocol: TCP}]
`
	tcpRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: raw}
spec:
  parentRefs: [{name: raw}]
  rules: [{backendRefs: [{name: echo, port: 80}]}]
`
)

// playDefinitions removes a kind from the API server and brings it back, while other kinds' traffic goes on.
func playDefinitions(s *Stage) {
	replica := s.start()
	to := s.serve(1)
	s.apply(tcpGateway)
	s.apply(tcpRoute)
	host, _, err := net.SplitHostPort(s.addressOf("raw"))
	s.check(err)
	raw := target{address: net.JoinHostPort(host, "9000"), host: "any.example"}
	s.awaitServed(raw)

	load := startLoad(to, 200, 8)
	definition := filepath.Join(s.order.Programs, "crds-"+s.order.GatewayAPI, "gateway.networking.k8s.io_tcproutes.yaml")
	s.later(func() { s.kubectl("apply", "--server-side", "-f", definition) })
	s.remove("CustomResourceDefinition", tcpDefinition)
	gone := s.await(discoveryLimit, "its routes are gone", func() error {
		if err := ask(raw); err == nil {
			return errors.New("they still serve")
		}
		return nil
	})
	vanished := s.await(discoveryLimit, "the kind is watched no longer", func() error {
		return s.watches(replica, "TCPRoute", 0)
	})
	s.note("definition removed: routes gone after %s, the kind after %s", gone, vanished)

	s.kubectl("apply", "--server-side", "-f", definition)
	s.await(10*time.Second, "the definition is served", func() error {
		conditions, _, _ := unstructured.NestedSlice(
			s.get("CustomResourceDefinition", tcpDefinition).Object, "status", "conditions")
		if condition(conditions, "Established") != "True" {
			return fmt.Errorf("conditions %v", conditions)
		}
		return nil
	})
	s.await(10*time.Second, "the API server takes routes", func() error { return s.guard(func() { s.apply(tcpRoute) }) })
	back := s.await(discoveryLimit, "new routes serve", func() error { return ask(raw) })
	s.note("definition back: routes served after %s", back)
	s.check(s.watches(replica, "TCPRoute", 1))
	s.expectNoFailures(load, 200)
	select {
	case <-replica.Ended():
		s.fail("the gateway ended")
	default:
	}
}

func (s *Stage) watches(replica *gateway.Gateway, kind string, wanted int) error {
	watched, _ := s.figure(replica, "gatehouse_controller_watching", fmt.Sprintf("kind=%q", kind))
	if int(watched) != wanted {
		_, text := s.readiness(replica)
		return fmt.Errorf("watching %s: %g, readyz: %s", kind, watched, strings.TrimSpace(text))
	}
	return nil
}
