// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// breakage makes an object unusable.
type breakage struct {
	what   string
	change func(object map[string]any)
}

// with sets a field to that JSON.
func with(what, path, value string) breakage {
	return breakage{what, func(object map[string]any) {
		var parsed any
		err := json.Unmarshal([]byte(value), &parsed)
		err = errors.Join(err, unstructured.SetNestedField(object, parsed, strings.Split(path, ".")...))
		if err != nil {
			panic(failure{fmt.Errorf("%s: %w", path, err)})
		}
	}}
}

func without(path string) breakage {
	return breakage{"without " + path, func(object map[string]any) {
		unstructured.RemoveNestedField(object, strings.Split(path, ".")...)
	}}
}

// inFirst sets a field of the first element of a list.
func inFirst(what, list, field string, value any) breakage {
	return breakage{what, func(object map[string]any) {
		path := strings.Split(list, ".")
		found, _, err := unstructured.NestedSlice(object, path...)
		if err == nil {
			found[0].(map[string]any)[field] = value
			err = unstructured.SetNestedSlice(object, found, path...)
		}
		if err != nil {
			panic(failure{fmt.Errorf("%s: %w", list, err)})
		}
	}}
}

var (
	brokenHTTPRoutes = []breakage{
		with("hostnames are a number", "spec.hostnames", `42`),
		with("a matcher of an unknown type", "spec.rules", `[{"matches": [{"path": {"type": "Nonsense", "value": "/"}}]}]`),
		with("a backend without a name", "spec.rules", `[{"backendRefs": [{"port": 80}]}]`),
		without("spec"),
	}
	brokenGRPCRoutes = []breakage{
		with("hostnames are a number", "spec.hostnames", `42`),
		with("a matcher of an unknown type", "spec.rules", `[{"matches": [{"method": {"type": "Nonsense", "service": "a"}}]}]`),
		with("a backend without a name", "spec.rules", `[{"backendRefs": [{"port": 80}]}]`),
		without("spec"),
	}
	brokenTLSRoutes = []breakage{
		with("hostnames are a number", "spec.hostnames", `42`),
		with("a backend without a name", "spec.rules", `[{"backendRefs": [{"port": 80}]}]`),
		without("spec.rules"),
	}
	brokenPortRoutes = []breakage{
		with("rules are a text", "spec.rules", `"none"`),
		with("the port is a text", "spec.rules", `[{"backendRefs": [{"name": "first", "port": "eighty"}]}]`),
		without("spec.rules"),
	}
	brokenGateways = []breakage{
		with("listeners are a number", "spec.listeners", `42`),
		inFirst("routes from nowhere", "spec.listeners", "allowedRoutes",
			map[string]any{"namespaces": map[string]any{"from": "Nonsense"}}),
		inFirst("a port that is none", "spec.listeners", "port", int64(70000)),
		without("spec.gatewayClassName"),
	}
	brokenListenerSets = []breakage{
		with("listeners are a number", "spec.listeners", `42`),
		inFirst("an unknown mode of TLS", "spec.listeners", "tls", map[string]any{"mode": "Nonsense"}),
		without("spec.parentRef"),
	}
	brokenPolicies = []breakage{
		with("the hostname is a number", "spec.validation.hostname", `42`),
		with("unknown authorities", "spec.validation",
			`{"hostname": "first.example", "wellKnownCACertificates": "Nonsense"}`),
		without("spec.validation"),
	}
	brokenGrants = []breakage{
		with("from is a number", "spec.from", `42`),
		with("from anywhere", "spec.from", `[{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}]`),
		without("spec.to"),
	}
	brokenServices = []breakage{
		inFirst("a port that is none", "spec.ports", "port", int64(70000)),
		inFirst("an unknown protocol", "spec.ports", "protocol", "Nonsense"),
		with("an unknown type", "spec.type", `"Nonsense"`),
	}
	brokenSlices = []breakage{
		with("unknown addresses", "addressType", `"Nonsense"`),
		inFirst("a port that is none", "ports", "port", int64(70000)),
		inFirst("an endpoint without addresses", "endpoints", "addresses", []any{}),
	}
	brokenSecrets = []breakage{
		with("the certificate is none", "data", `{"tls.crt": "bm9uZQ==", "tls.key": "bm9uZQ=="}`),
		with("nothing in it", "data", `{"tls.crt": "", "tls.key": ""}`),
		inKey("a key of another certificate"),
	}
	brokenConfigMaps = []breakage{
		with("the certificate is none", "data", `{"ca.crt": "none"}`),
		with("no certificate", "data", `{"other": "text"}`),
	}
)

func inKey(what string) breakage {
	return breakage{what, func(object map[string]any) {
		_, key, err := newCertificate("another", nil)
		if err == nil {
			err = unstructured.SetNestedField(object, inBase64(key), "data", "tls.key")
		}
		if err != nil {
			panic(failure{err})
		}
	}}
}

// complaint is nil when the text has a problem of that object.
func complaint(text, identity string) error {
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "problem:") && strings.Contains(line, " "+identity+":") {
			return nil
		}
	}
	return fmt.Errorf("nothing is said of %s", identity)
}
