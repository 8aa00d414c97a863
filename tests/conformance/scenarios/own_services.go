// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	firstShared = 20000
	lastShared  = 29999
	// Of the setting that the controller of dedicated pods hands on to them.
	headerTimeout = 2 * time.Second
)

// playShared: each Gateway has a Service of its own in front of the same pods, at ports that nobody else has.
func playShared(s *Stage) {
	s.install(func() {
		s.applyFile("deploy/rbac.yaml")
		s.applyFile("deploy/optional/shared.yaml")
	}, "--address-mode=shared")
	made := []string{"Service"}
	one, two := s.serveTwo()
	ports := []int64{s.targetPort("one"), s.targetPort("two")}
	if ports[0] == ports[1] || slices.Min(ports) < firstShared || slices.Max(ports) > lastShared {
		s.fail("target ports are %v", ports)
	}
	s.note("Services %s and %s lead to ports %d and %d of the same pods", one.address, two.address, ports[0], ports[1])
	s.changeInfrastructure(one, two, made)
	s.restoreService("two")
	two = s.reach("two")
	s.removeOne(one, two, made)
	if after := s.targetPort("two"); after != ports[1] {
		s.fail("the other Gateway's target port went from %d to %d", ports[1], after)
	}
}

// playDedicated: each Gateway has pods of its own, with a Service and a ServiceAccount.
func playDedicated(s *Stage) {
	setting := fmt.Sprintf("--header-timeout=%s", headerTimeout)
	s.install(func() {
		s.applyFile("deploy/rbac.yaml")
		s.applyFile("deploy/optional/dedicated.yaml")
	}, "--address-mode=dedicated", "--image="+ownImage, setting)
	made := []string{"Service", "Deployment", "ServiceAccount"}
	began := time.Now()
	one, two := s.serveTwo()
	s.note("two Gateways have pods and answer after %s", time.Since(began).Round(time.Second))
	for _, gateway := range []string{"one", "two"} {
		arguments := s.podArguments(gateway)
		for _, wanted := range []string{setting, "--gateway=" + s.namespace + "/" + gateway} {
			if !slices.Contains(arguments, wanted) {
				s.fail("the pods of %s have no %s: %v", gateway, wanted, arguments)
			}
		}
	}
	s.expectHeaderTimeout(one)
	s.changeInfrastructure(one, two, made)
	s.removeOne(one, two, made)
	s.await(30*time.Second, "its pods are gone", func() error {
		pods := s.kubectl("-n", ownNamespace, "get", "pods", "-l", gatewayNameLabel+"=one", "-o", "name")
		if pods != "" {
			return fmt.Errorf("pods: %s", pods)
		}
		return nil
	})
}

// serveTwo puts up two Gateways with equal listeners and a route each, and returns where clients reach them.
func (s *Stage) serveTwo() (one, two target) {
	s.apply(backend("echo", 2))
	for _, name := range []string{"one", "two"} {
		s.apply(web(name))
		s.apply(route(name, name, name+".example", "echo"))
	}
	s.awaitPods("echo")
	one, two = s.reach("one"), s.reach("two")
	s.expectUnknown(target{address: one.address, host: two.host})
	s.expectUnknown(target{address: two.address, host: one.host})
	return one, two
}

// reach waits until a Gateway answers at the address that its own Service got.
func (s *Stage) reach(gateway string) target {
	to := target{host: gateway + ".example"}
	s.await(20*time.Second, "the address of Gateway "+gateway+" is its Service's", func() error {
		to.address = s.addressOf(gateway)
		service := s.theOneMadeFor(gateway, "Service", ownNamespace)
		ingress, _, _ := unstructured.NestedSlice(service.Object, "status", "loadBalancer", "ingress")
		if len(ingress) != 1 || net.JoinHostPort(ingress[0].(map[string]any)["ip"].(string), "80") != to.address {
			return fmt.Errorf("it is %s, the Service's %v", to.address, ingress)
		}
		return nil
	})
	s.awaitServed(to)
	return to
}

func (s *Stage) expectUnknown(to target) {
	if err := ask(to); err == nil || err.Error() != "status 404" {
		s.fail("%s was answered at %s, where it has no route: %w", to.host, to.address, err)
	}
}

// targetPort is where the one port of a Gateway's Service leads to.
func (s *Stage) targetPort(gateway string) int64 {
	service := s.theOneMadeFor(gateway, "Service", ownNamespace)
	ports, _, _ := unstructured.NestedSlice(service.Object, "spec", "ports")
	if len(ports) != 1 {
		s.fail("the Service of %s has the ports %v", gateway, ports)
	}
	target, _, err := unstructured.NestedInt64(ports[0].(map[string]any), "targetPort")
	s.check(err)
	return target
}

func (s *Stage) podArguments(gateway string) []string {
	deployment := s.theOneMadeFor(gateway, "Deployment", ownNamespace)
	containers, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	if len(containers) != 1 {
		s.fail("the pods of %s have the containers %v", gateway, containers)
	}
	arguments, _, err := unstructured.NestedStringSlice(containers[0].(map[string]any), "args")
	s.check(err)
	return arguments
}

// changeInfrastructure gives the first Gateway labels and annotations, then others; neither Gateway drops a request.
func (s *Stage) changeInfrastructure(one, two target, made []string) {
	loads := []*Load{startLoad(one, 200, 16), startLoad(two, 200, 16)}
	began := time.Now()
	s.patch("Gateway", "one",
		`{"spec":{"infrastructure":{"labels":{"team":"shop","tier":"edge"},"annotations":{"example.com/note":"first"}}}}`)
	s.awaitInfrastructure(made, map[string]string{"team": "shop", "tier": "edge"}, "first")
	s.patch("Gateway", "one",
		`{"spec":{"infrastructure":{"labels":{"team":"market","tier":null},"annotations":{"example.com/note":"second"}}}}`)
	s.awaitInfrastructure(made, map[string]string{"team": "market", "tier": ""}, "second")
	s.note("infrastructure's labels and annotations came and changed within %s", time.Since(began).Round(time.Millisecond))
	if slices.Contains(made, "Deployment") {
		name := s.theOneMadeFor("one", "Deployment", ownNamespace).GetName()
		s.in(ownNamespace, func() { s.awaitPods(name) })
	}
	// The last of the pods that were replaced still drains.
	s.sleep(8 * time.Second)
	for _, load := range loads {
		s.expectNoFailures(load, 200)
	}
}

// awaitInfrastructure looks at what was made, and at the ServiceAccount beside the Gateway: the conformance suite looks
// for labels and annotations there. An empty text means that there is none.
func (s *Stage) awaitInfrastructure(made []string, labels map[string]string, note string) {
	check := func(kind, namespace string) {
		s.await(10*time.Second, kind+" in "+namespace+" follows spec.infrastructure", func() error {
			object := s.theOneMadeFor("one", kind, namespace)
			for key, wanted := range labels {
				if has := object.GetLabels()[key]; has != wanted {
					return fmt.Errorf("the label %s is %q, not %q", key, has, wanted)
				}
			}
			if has := object.GetAnnotations()["example.com/note"]; has != note {
				return fmt.Errorf("the annotation is %q, not %q", has, note)
			}
			return nil
		})
	}
	for _, kind := range made {
		check(kind, ownNamespace)
	}
	check("ServiceAccount", s.namespace)
}

// restoreService deletes a Gateway's Service behind the controller's back.
func (s *Stage) restoreService(gateway string) {
	old := s.theOneMadeFor(gateway, "Service", ownNamespace)
	s.in(ownNamespace, func() { s.remove("Service", old.GetName()) })
	back := s.await(5*time.Second, "the Service is back", func() error {
		if s.theOneMadeFor(gateway, "Service", ownNamespace).GetUID() == old.GetUID() {
			return errors.New("it is not deleted yet")
		}
		return nil
	})
	s.note("a Service that somebody deleted was back after %s", back.Round(time.Millisecond))
}

// removeOne deletes the first Gateway under load on the second: what was made for it goes.
func (s *Stage) removeOne(one, two target, made []string) {
	load := startLoad(two, 300, 16)
	s.sleep(time.Second)
	s.remove("Gateway", "one")
	gone := s.await(30*time.Second, "what was made for the Gateway is gone", func() error {
		for _, kind := range made {
			if left := s.madeFor("one", kind, ownNamespace); len(left) > 0 {
				return fmt.Errorf("%s %s is still there", kind, left[0].GetName())
			}
		}
		if left := s.madeFor("one", "ServiceAccount", s.namespace); len(left) > 0 {
			return fmt.Errorf("the ServiceAccount %s is still there", left[0].GetName())
		}
		return nil
	})
	if open, err := net.DialTimeout("tcp4", one.address, exchangeTimeout); err == nil {
		s.check(open.Close())
		s.fail("a client can still connect to the deleted Gateway's address %s", one.address)
	}
	s.note("%s of a deleted Gateway: gone after %s", strings.Join(made, ", "), gone.Round(time.Millisecond))
	s.sleep(3 * time.Second)
	s.expectNoFailures(load, 300)
	for _, kind := range made {
		s.theOneMadeFor("two", kind, ownNamespace)
	}
}

// expectHeaderTimeout shows that the setting is in force in the pods: half a head is answered with 408 in time.
func (s *Stage) expectHeaderTimeout(to target) {
	client, err := net.DialTimeout("tcp4", to.address, exchangeTimeout)
	s.check(err)
	defer client.Close()
	s.check(client.SetDeadline(time.Now().Add(3 * headerTimeout)))
	_, err = fmt.Fprintf(client, "GET / HTTP/1.1\r\nHost: %s\r\n", to.host)
	s.check(err)
	answer, err := http.ReadResponse(bufio.NewReader(client), nil)
	s.check(err)
	if answer.StatusCode != http.StatusRequestTimeout {
		s.fail("half a head was answered with %d", answer.StatusCode)
	}
}
