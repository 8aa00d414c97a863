// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	// A Gateway has at most 64 listeners: routes that need a port each share several Gateways.
	portsPerGateway = 50
	firstPort       = 9000
	// A route has at most 32 parents.
	parentsPerRoute = 32
)

// world is what the populations are made of, and where clients reach it.
type world struct {
	*Stage
	servers
	afar       string // the namespace of backends that need a grant
	otherTrust string // an authority that signed nothing here
	addresses  map[string]string
}

// populate creates many objects of each kind, in the form `first`.
func (s *Stage) populate() []population {
	w := &world{Stage: s, servers: s.startServers(), afar: s.namespace + "-afar", addresses: map[string]string{}}
	other, err := newAuthority("other")
	s.check(err)
	w.otherTrust = other.text()
	s.applyTo("", fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", w.afar))
	s.later(func() { s.remove("Namespace", w.afar) })
	w.applyShared()
	var all []population
	all = append(all, w.near()...)
	all = append(all, w.far()...)
	all = append(all, w.onOneGateway()...)
	all = append(all, w.onPorts()...)
	all = append(all, w.onListenerSets()...)
	all = append(all, w.gateways())
	for _, each := range all {
		w.createAllOf(each)
	}
	w.learnAddresses()
	return all
}

func (w *world) createAllOf(of population) {
	home := w.namespace
	defer func() { w.namespace = home }()
	w.namespace = of.namespace
	w.createAll(many, func(i int) string { return of.manifest(i, first) })
}

func (w *world) learnAddresses() {
	for _, name := range []string{"web", "sets"} {
		w.addresses[name] = w.hostOf(name)
	}
	for i := range many / portsPerGateway {
		for _, kind := range []string{"tcp", "udp"} {
			name := fmt.Sprintf("%s-%d", kind, i)
			w.addresses[name] = w.hostOf(name)
		}
	}
	for i := range many {
		name := fmt.Sprintf("gateway-%d", i)
		w.addresses[name] = w.hostOf(name)
	}
}

func (w *world) hostOf(gateway string) string {
	host, _, err := net.SplitHostPort(w.addressOf(gateway))
	w.check(err)
	return host
}

func (w *world) at(gateway string, port int) string {
	return net.JoinHostPort(w.addresses[gateway], fmt.Sprint(port))
}

// applyShared: what no population consists of.
func (w *world) applyShared() {
	certificate, key, err := newCertificate("shared", []string{"*.example"})
	w.check(err)
	w.apply(secret("shared", certificate, key))
	w.apply(sharedGateways)
	for _, each := range []form{first, second} {
		w.apply(fmt.Sprintf(sharedService, each, w.clear[each], w.udp[each]))
	}
	for begin := 0; begin < many; begin += parentsPerRoute {
		w.apply(routeOfMany("Gateway", "gateway", begin))
		w.apply(routeOfMany("ListenerSet", "set", begin))
	}
	for i := range many / portsPerGateway {
		w.apply(gatewayOfPorts("tcp", i))
		w.apply(gatewayOfPorts("udp", i))
	}
}

// near: routes, each to a Service of its own.
func (w *world) near() []population {
	serves := func(i int, wanted form) error {
		text, err := answerHTTP(w.at("web", 80), fmt.Sprintf("near-%d.example", i))
		return expect(string(wanted), text, err)
	}
	all := population{namespace: w.namespace, name: "near", serves: serves}
	services, slices, routes := all, all, all
	services.kind, services.past, services.breakages = "Service", "/registry/services/specs/", brokenServices
	services.manifest = func(i int, wanted form) string { return fmt.Sprintf(nearService, i, wanted) }
	slices.kind, slices.past, slices.breakages = "EndpointSlice", "/registry/endpointslices/", brokenSlices
	slices.manifest = func(i int, wanted form) string {
		return fmt.Sprintf(nearSlice, i, w.clear[wanted], w.clear[second])
	}
	routes.kind, routes.breakages = "HTTPRoute", brokenHTTPRoutes
	routes.manifest = func(i int, wanted form) string {
		service := fmt.Sprintf("near-%d", i)
		if wanted == second {
			service = string(second)
		}
		return route(fmt.Sprintf("near-%d", i), "web", fmt.Sprintf("near-%d.example", i), service)
	}
	return []population{services, slices, routes}
}

// far: Services in another namespace that speak TLS. A grant, a policy and a ConfigMap each have to be right.
func (w *world) far() []population {
	answered := func(i int) (string, error) { return answerHTTP(w.at("web", 80), fmt.Sprintf("far-%d.example", i)) }
	// In the second form of what permits something, it does so no more.
	refused := func(status string) func(int, form) error {
		return func(i int, wanted form) error {
			text, err := answered(i)
			if wanted == second {
				return expect(status, text, err)
			}
			return expect("first", text, err)
		}
	}
	w.createAll(many, func(i int) string { return fmt.Sprintf(farRoute, i, w.afar) })
	home := w.namespace
	w.namespace = w.afar
	w.createAll(many, func(i int) string { return fmt.Sprintf(farService, i, w.secure) })
	w.namespace = home
	return []population{
		{kind: "ReferenceGrant", namespace: w.afar, name: "far", breakages: brokenGrants, serves: refused("status 500"),
			manifest: func(i int, wanted form) string {
				target := fmt.Sprintf("far-%d", i)
				if wanted == second {
					target = "another"
				}
				return fmt.Sprintf(farGrant, i, home, target)
			}},
		{kind: "BackendTLSPolicy", namespace: w.afar, name: "far", breakages: brokenPolicies,
			manifest: func(i int, wanted form) string { return fmt.Sprintf(farPolicy, i, wanted) },
			serves: func(i int, wanted form) error {
				text, err := answered(i)
				return expect(string(wanted), text, err)
			}},
		{kind: "ConfigMap", namespace: w.afar, name: "far", breakages: brokenConfigMaps, serves: refused("status 503"),
			manifest: func(i int, wanted form) string {
				trusted := w.authority.text()
				if wanted == second {
					trusted = w.otherTrust
				}
				return fmt.Sprintf(farConfigMap, i, indented(trusted))
			},
			status: func(i int) error { return w.saysOf("BackendTLSPolicy", w.afar, i, "far", "ancestors") }},
	}
}

// onOneGateway: routes of hosts.
func (w *world) onOneGateway() []population {
	return []population{
		{kind: "GRPCRoute", namespace: w.namespace, name: "grpc", breakages: brokenGRPCRoutes,
			manifest: func(i int, wanted form) string { return fmt.Sprintf(grpcRoute, i, wanted) },
			serves: func(i int, wanted form) error {
				text, err := answerGRPC(w.at("web", 80), fmt.Sprintf("grpc-%d.example", i))
				return expect(string(wanted), text, err)
			}},
		{kind: "TLSRoute", namespace: w.namespace, name: "tls", breakages: brokenTLSRoutes,
			manifest: func(i int, wanted form) string { return fmt.Sprintf(tlsRoute, i, wanted) },
			serves: func(i int, wanted form) error {
				text, _, err := answerTLS(w.at("web", 443), fmt.Sprintf("tls-%d.example", i))
				return expect(string(wanted), text, err)
			}},
	}
}

// onPorts: routes of listeners.
func (w *world) onPorts() []population {
	at := func(kind string, i int) string {
		return w.at(fmt.Sprintf("%s-%d", kind, i/portsPerGateway), firstPort+i%portsPerGateway)
	}
	return []population{
		{kind: "TCPRoute", namespace: w.namespace, name: "tcp", breakages: brokenPortRoutes,
			manifest: func(i int, wanted form) string { return portRoute("TCPRoute", "tcp", i, wanted, 80) },
			serves: func(i int, wanted form) error {
				text, err := answerHTTP(at("tcp", i), "any.example")
				return expect(string(wanted), text, err)
			}},
		{kind: "UDPRoute", namespace: w.namespace, name: "udp", breakages: brokenPortRoutes,
			manifest: func(i int, wanted form) string { return portRoute("UDPRoute", "udp", i, wanted, 53) },
			serves: func(i int, wanted form) error {
				text, err := answerUDP(at("udp", i))
				return expect(string(wanted), text, err)
			}},
	}
}

// onListenerSets: listeners for a host each, with a certificate each.
func (w *world) onListenerSets() []population {
	certificates := map[form][]string{}
	for _, each := range []form{first, second} {
		for range many {
			certificate, key, err := newCertificate(string(each), []string{"*.example"})
			w.check(err)
			certificates[each] = append(certificates[each], secret("NAME", certificate, key))
		}
	}
	return []population{
		{kind: "Secret", namespace: w.namespace, name: "set", breakages: brokenSecrets,
			manifest: func(i int, wanted form) string {
				return strings.Replace(certificates[wanted][i], "NAME", fmt.Sprintf("set-%d", i), 1)
			},
			serves: func(i int, wanted form) error {
				text, organization, err := answerTLS(w.at("sets", 443), fmt.Sprintf("set-%d.first.example", i))
				return expect("first by "+string(wanted), text+" by "+organization, err)
			},
			status: func(i int) error { return w.saysOf("ListenerSet", w.namespace, i, "set", "listeners") }},
		{kind: "ListenerSet", namespace: w.namespace, name: "set", breakages: brokenListenerSets,
			manifest: func(i int, wanted form) string { return fmt.Sprintf(listenerSet, i, wanted) },
			serves: func(i int, wanted form) error {
				text, _, err := answerTLS(w.at("sets", 443), fmt.Sprintf("set-%d.%s.example", i, wanted))
				return expect("first", text, err)
			}},
	}
}

func (w *world) gateways() population {
	ports := map[form]int{first: 80, second: 8080}
	return population{kind: "Gateway", namespace: w.namespace, name: "gateway", breakages: brokenGateways,
		manifest: func(i int, wanted form) string { return fmt.Sprintf(oneOfManyGateways, i, ports[wanted]) },
		serves: func(i int, wanted form) error {
			text, err := answerHTTP(w.at(fmt.Sprintf("gateway-%d", i), ports[wanted]), "any.example")
			return expect("first", text, err)
		}}
}

// saysOf is nil when a part of the object's status has ResolvedRefs False.
func (w *world) saysOf(kind, namespace string, number int, name, part string) error {
	found, err := w.of(kind, namespace).Get(w.ctx, fmt.Sprintf("%s-%d", name, number), metav1.GetOptions{})
	w.check(err)
	parts, _, _ := unstructured.NestedSlice(found.Object, "status", part)
	for _, each := range parts {
		conditions, _, _ := unstructured.NestedSlice(each.(map[string]any), "conditions")
		if condition(conditions, "ResolvedRefs") == "False" {
			return nil
		}
	}
	return fmt.Errorf("the status of the %s says nothing: %v", kind, parts)
}
