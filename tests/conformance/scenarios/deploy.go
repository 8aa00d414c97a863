// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// playDeploy applies deploy/ as a user does; pods run the real program. Their Deployment is restarted under load.
func playDeploy(s *Stage) {
	s.later(func() {
		s.kubectl("delete", "--ignore-not-found", "-f", "deploy/deployment.yaml", "-f", "deploy/service.yaml",
			"-f", "deploy/rbac.yaml")
		s.endPods()
		// The class of deploy/ is the rig's, too: it stays.
		s.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "deploy/namespace.yaml")
	})
	s.kubectl("apply", "-f", "deploy/namespace.yaml")
	s.kubectl("apply", "--server-side", "-f", "deploy/crds", "--force-conflicts")
	s.kubectl("apply", "-f", "deploy")
	s.awaitRollout()

	s.apply(web("web"))
	s.apply(backend("echo", 2))
	s.apply(route("echo", "web", "echo.example", "echo"))
	s.awaitPods("echo")
	to := target{address: s.addressOf("web"), host: "echo.example"}
	s.awaitServed(to)
	balancer := s.kubectl("-n", "gatehouse-system", "get", "service", "gatehouse",
		"-o", "jsonpath={.status.loadBalancer.ingress[0].ip}")
	if host, _, _ := net.SplitHostPort(to.address); host != strings.TrimSpace(balancer) {
		s.fail("the Gateway's address is %s, its Service's %s", host, balancer)
	}
	if err := ask(target{address: to.address, host: "unknown.example"}); err == nil || err.Error() != "status 404" {
		s.fail("a host without a route was answered with %w", err)
	}

	load := startLoad(to, 300, 16)
	began := time.Now()
	s.kubectl("-n", "gatehouse-system", "rollout", "restart", "deployment/gatehouse")
	s.awaitRollout()
	s.note("both pods were replaced within %s", time.Since(began).Round(time.Second))
	// The last of the old pods still drains.
	s.sleep(8 * time.Second)
	s.expectNoFailures(load, 300)
	s.await(60*time.Second, "the old pods have ended by themselves", func() error {
		pods := strings.Fields(s.kubectl("-n", "gatehouse-system", "get", "pods", "-o", "name"))
		if len(pods) != 2 {
			return fmt.Errorf("pods: %v", pods)
		}
		return nil
	})
}

func (s *Stage) awaitRollout() {
	s.kubectl("-n", "gatehouse-system", "rollout", "status", "deployment/gatehouse", "--timeout=90s")
}
