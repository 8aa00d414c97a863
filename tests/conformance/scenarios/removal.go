// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// playRemoval takes away what traffic depends on: a grant, a Gateway, a GatewayClass.
func playRemoval(s *Stage) {
	s.start()
	to := s.serve(1)
	revokeGrant(s)

	s.apply(web("other"))
	other := s.addressOf("other")
	s.remove("Gateway", "other")
	s.note("a deleted Gateway's socket was closed after %s", s.awaitClosed(other))
	if err := ask(to); err != nil {
		s.fail("another Gateway's deletion hurt this one: %w", err)
	}

	s.applyTo("", gatewayClass("short-lived"))
	s.later(func() { s.remove("GatewayClass", "short-lived") })
	s.apply(strings.Replace(web("classy"), "gatewayClassName: gatehouse", "gatewayClassName: short-lived", 1))
	classy := s.addressOf("classy")
	s.remove("GatewayClass", "short-lived")
	s.note("sockets of a deleted GatewayClass were closed after %s", s.awaitClosed(classy))
}

func gatewayClass(name string) string {
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: %s}
spec: {controllerName: gatehouse.dev/gateway-controller}
`, name)
}

// awaitClosed fails when that takes more than two seconds.
func (s *Stage) awaitClosed(address string) time.Duration {
	return s.await(2*time.Second, address+" refuses connections", func() error {
		err := ask(target{address: address, host: "any.example"})
		if errors.Is(err, syscall.ECONNREFUSED) {
			return nil
		}
		return fmt.Errorf("the answer is %v", err)
	})
}

// revokeGrant: what a grant no longer allows is answered with 500 within a second (K13).
func revokeGrant(s *Stage) {
	const grant = `
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: from-afar}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: %s}]
  to: [{group: "", kind: Service}]
`
	home, afar := s.namespace, s.namespace+"-afar"
	s.applyTo("", fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", afar))
	s.later(func() { s.remove("Namespace", afar) })
	s.applyTo(afar, backend("distant", 1))
	s.applyTo(afar, fmt.Sprintf(grant, home))
	s.apply(strings.Replace(route("distant", "web", "distant.example", "distant"),
		"name: distant, port: 80", "name: distant, namespace: "+afar+", port: 80", 1))
	to := target{address: s.addressOf("web"), host: "distant.example"}
	s.awaitServed(to)

	s.namespace = afar
	s.remove("ReferenceGrant", "from-afar")
	s.namespace = home
	took := s.await(time.Second, "the revoked grant is obeyed", func() error {
		if err := ask(to); err == nil || err.Error() != "status 500" {
			return fmt.Errorf("the answer is %v", err)
		}
		return nil
	})
	s.note("a revoked ReferenceGrant was obeyed after %s", took)
	s.applyTo(afar, fmt.Sprintf(grant, home))
	s.awaitServed(to)
}
