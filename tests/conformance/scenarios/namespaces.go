// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

const secureWeb = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: gatehouse
  listeners:
    - {name: http, port: 80, protocol: HTTP}
    - name: https
      port: 443
      protocol: HTTPS
      tls: {certificateRefs: [{name: web}]}
`

// Of what the API server refuses, and how that is told.
var refusal = regexp.MustCompile(`(?i).*(forbidden|\b403\b).*`)

// playNamespaces: with rights in one namespace only, that one is served in full and others are left alone.
func playNamespaces(s *Stage) {
	elsewhere := s.namespace + "-elsewhere"
	s.applyTo("", fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", elsewhere))
	s.later(func() { s.remove("Namespace", elsewhere) })
	s.applyTo(elsewhere, web("web"))
	s.applyTo(elsewhere, backend("echo", 1))
	s.applyTo(elsewhere, route("echo", "web", "elsewhere.example", "echo"))

	s.install(s.restrictRights, serviceArgument[len("- "):], "--namespaces="+s.namespace)
	s.expectRefused(elsewhere)
	before := s.versionsIn(elsewhere)

	s.apply(secureWeb)
	s.await(10*time.Second, "an Event says that the Secret is missing", func() error {
		if events := s.eventsOf("web"); !strings.Contains(events, "Secret") {
			return fmt.Errorf("Events: %s", events)
		}
		return nil
	})
	certificate, key, err := newCertificate("first", []string{"echo.example"})
	s.check(err)
	s.apply(fmt.Sprintf("{apiVersion: v1, kind: Secret, type: kubernetes.io/tls, metadata: {name: web}, "+
		"data: {tls.crt: %s, tls.key: %s}}", inBase64(certificate), inBase64(key)))
	s.apply(backend("echo", 1))
	s.apply(route("echo", "web", "echo.example", "echo"))
	s.awaitPods("echo")
	to := target{address: s.addressOf("web"), host: "echo.example"}
	s.awaitServed(to)
	host, _, err := net.SplitHostPort(to.address)
	s.check(err)
	s.await(10*time.Second, "the certificate is served", func() error {
		_, organization, err := answerTLS(net.JoinHostPort(host, "443"), to.host)
		return expect("first", organization, err)
	})
	generation := s.get("HTTPRoute", "echo").GetGeneration()
	s.await(10*time.Second, "the route has its status", func() error { return follows(s.parents("echo"), generation) })
	s.theOneMadeFor("web", "ServiceAccount", s.namespace)

	s.expectUnknown(target{address: to.address, host: "elsewhere.example"})
	// Statuses and objects of the own namespace are written: another one's would be by now.
	s.sleep(3 * time.Second)
	if after := s.versionsIn(elsewhere); after != before {
		s.fail("objects of another namespace were written: %s, not %s", after, before)
	}
	if made := s.madeFor("web", "ServiceAccount", elsewhere); len(made) > 0 {
		s.fail("the ServiceAccount %s was made in another namespace", made[0].GetName())
	}
	s.expectNoRefusals()
}

// restrictRights does as the file of deploy/ for `--namespaces` says.
func (s *Stage) restrictRights() {
	s.applyFile("deploy/rbac.yaml")
	s.kubectl("delete", "clusterrolebinding",
		"gatehouse", "gatehouse-data", "gatehouse-status", "gatehouse-infrastructure")
	s.applyFile("deploy/optional/namespaces.yaml", edit{"shop", s.namespace})
	s.applyFile("deploy/service.yaml")
}

// expectRefused shows that the rights are narrow: the ServiceAccount may list Gateways at home, and not elsewhere.
func (s *Stage) expectRefused(elsewhere string) {
	config, err := s.Config()
	s.check(err)
	config.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:" + ownNamespace + ":gatehouse"}
	client, err := dynamic.NewForConfig(config)
	s.check(err)
	gateways := client.Resource(kinds["Gateway"].resource)
	_, err = gateways.Namespace(s.namespace).List(s.ctx, metav1.ListOptions{})
	s.check(err)
	for _, refused := range []string{elsewhere, ""} {
		if _, err := gateways.Namespace(refused).List(s.ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
			s.fail("the list of Gateways in namespace %q was answered with %w", refused, err)
		}
	}
}

// versionsIn changes with each write of the Gateway and the route.
func (s *Stage) versionsIn(namespace string) string {
	versions := ""
	s.in(namespace, func() {
		versions = "Gateway " + s.get("Gateway", "web").GetResourceVersion() +
			", HTTPRoute " + s.get("HTTPRoute", "echo").GetResourceVersion()
	})
	return versions
}

func (s *Stage) eventsOf(gateway string) string {
	return s.kubectl("-n", s.namespace, "get", "events", "-o", `jsonpath={range .items[*]}{.message}{"\n"}{end}`,
		"--field-selector", "involvedObject.kind=Gateway,involvedObject.name="+gateway)
}

// expectNoRefusals reads what each pod has logged, and what it says of itself.
func (s *Stage) expectNoRefusals() {
	pods := strings.Fields(s.kubectl("-n", ownNamespace, "get", "pods",
		"-o", `jsonpath={range .items[*]}{.metadata.name}={.status.podIP} {end}`))
	if len(pods) != 2 {
		s.fail("pods: %v", pods)
	}
	for _, pod := range pods {
		name, ip, _ := strings.Cut(pod, "=")
		answer, err := adminClient.Get("http://" + net.JoinHostPort(ip, "9901") + "/readyz?verbose")
		s.check(err)
		text, err := io.ReadAll(answer.Body)
		s.check(errors.Join(err, answer.Body.Close()))
		if answer.StatusCode != http.StatusOK {
			s.fail("%s is not ready: %s", name, text)
		}
		printed := s.kubectl("-n", ownNamespace, "logs", name)
		if !strings.Contains(printed, "API server: everything is listed") {
			s.fail("the log of %s is not what it should be: %s", name, printed)
		}
		if found := refusal.FindString(string(text) + "\n" + printed); found != "" {
			s.fail("%s: %s", name, found)
		}
	}
	s.note("%d pods with the rights of one namespace: ready, nothing refused", len(pods))
}
