// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"gatehouse.dev/tests/conformance/rig/gateway"
)

const (
	longOutage  = 2 * time.Minute
	shortOutage = 20 * time.Second
	catchUp     = 15 * time.Second
)

// playAPIServer takes the API server away under load. When it is back, but not yet for the gateway, objects change and
// etcd forgets all older versions: watches cannot be resumed (K2, K4, K10).
func playAPIServer(s *Stage) {
	way, kubeconfig := s.newLink()
	replica := s.startBy(kubeconfig)
	to := s.serve(2)
	s.apply(route("doomed", "web", "doomed.example", "echo"))
	s.awaitServed(target{address: to.address, host: "doomed.example"})
	before := s.awaitQuiet(replica)

	outage := longOutage
	if s.order.quick {
		outage = shortOutage
	}
	load := startLoad(to, 500, 32)
	began := time.Now()
	s.KillAPIServer()
	way.cut()
	s.expectTold(replica)
	s.sleep(outage - time.Since(began))

	s.check(s.StartAPIServer(s.ctx))
	s.await(30*time.Second, "the API server takes writes", func() error {
		return s.guard(func() { s.apply(route("new", "web", "new.example", "echo")) })
	})
	s.patch("HTTPRoute", "echo", `{"spec":{"hostnames":["echo.example","changed.example"]}}`)
	s.remove("HTTPRoute", "doomed")
	s.check(s.Compact(s.ctx))
	s.check(way.mend())
	caughtUp := s.await(catchUp, "what changed meanwhile is served", func() error {
		for host, wanted := range map[string]string{
			"new.example": "", "changed.example": "", "doomed.example": "status 404",
		} {
			got := ""
			if err := ask(target{address: to.address, host: host}); err != nil {
				got = err.Error()
			}
			if got != wanted {
				return fmt.Errorf("%s: %q, not %q", host, got, wanted)
			}
		}
		return nil
	})
	s.note("%s without the API server; changes were served %s after its return", outage, caughtUp)
	s.expectRecovered(replica, before)
	s.expectNoFailures(load, 500)
}

// expectTold: it stays ready, and says what is wrong.
func (s *Stage) expectTold(replica *gateway.Gateway) {
	s.await(10*time.Second, "the lost API server is told of", func() error {
		code, text := s.readiness(replica)
		if code != http.StatusOK {
			s.fail("without the API server readyz answers %d: %s", code, text)
		}
		watching, kinds := s.figure(replica, "gatehouse_controller_watching", "")
		if watching > 0 || !strings.Contains(text, "what was seen before is served on") {
			return fmt.Errorf("%g of %d kinds are watched, readyz: %s", watching, kinds, text)
		}
		return nil
	})
}

// expectRecovered: the two routes that changed got one status each, and no other was written again.
func (s *Stage) expectRecovered(replica *gateway.Gateway, before int) {
	s.await(60*time.Second, "every kind is watched again", func() error {
		watching, kinds := s.figure(replica, "gatehouse_controller_watching", "")
		_, text := s.readiness(replica)
		if int(watching) != kinds || strings.Contains(text, "served on") {
			return fmt.Errorf("%g of %d kinds, readyz: %s", watching, kinds, text)
		}
		return nil
	})
	s.sleep(3 * time.Second)
	if writes := s.awaitQuiet(replica) - before; writes != 2 {
		s.fail("%d statuses were written, not those of the 2 routes that changed", writes)
	}
}
