// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const (
	gatewayGroup = "gateway.networking.k8s.io"
	ownClassName = "gatehouse"
	otherName    = "bench-other"
	gatewayName  = "gateway"
	serviceName  = "backend"
)

var (
	classes  = schema.GroupVersionResource{Group: gatewayGroup, Version: "v1", Resource: "gatewayclasses"}
	gateways = schema.GroupVersionResource{Group: gatewayGroup, Version: "v1", Resource: "gateways"}
	routes   = schema.GroupVersionResource{Group: gatewayGroup, Version: "v1", Resource: "httproutes"}
	slices1  = schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}
	services = schema.GroupVersionResource{Version: "v1", Resource: "services"}

	// What rows make in their namespaces; routes first, so that none is without its Gateway.
	ownKinds = []schema.GroupVersionResource{routes, gateways, slices1, services}
)

func object(kind, namespace, name string, spec map[string]any) *unstructured.Unstructured {
	metadata := map[string]any{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": gatewayGroup + "/v1", "kind": kind, "metadata": metadata, "spec": spec,
	}}
}

func otherClass() *unstructured.Unstructured {
	return object("GatewayClass", "", otherName, map[string]any{"controllerName": "example.com/other"})
}

func gatewayOf(namespace, class string) *unstructured.Unstructured {
	return object("Gateway", namespace, gatewayName, map[string]any{
		"gatewayClassName": class,
		"listeners": []any{map[string]any{
			"name": "http", "port": int64(80), "protocol": "HTTP",
			"allowedRoutes": map[string]any{"namespaces": map[string]any{"from": "All"}},
		}},
	})
}

// routeSpec describes one HTTPRoute of the bench.
type routeSpec struct {
	namespace, name, host string
	parent                string // namespace of its Gateway
	service               string
	port                  int64  // 0: 80
	version               string // a response header says it; "": 1
	withMissing           bool   // a second rule leads to a Service that is not there
}

func (r routeSpec) object() *unstructured.Unstructured {
	header := func(name, value string) map[string]any {
		return map[string]any{"set": []any{map[string]any{"name": name, "value": value}}}
	}
	rules := []any{map[string]any{
		"matches": []any{pathPrefix("/")},
		"filters": []any{
			map[string]any{"type": "RequestHeaderModifier", "requestHeaderModifier": header("x-route", r.name)},
			map[string]any{"type": "ResponseHeaderModifier", "responseHeaderModifier": header("x-version", cmp.Or(r.version, "1"))},
		},
		"backendRefs": []any{map[string]any{"name": r.service, "port": cmp.Or(r.port, 80)}},
	}}
	if r.withMissing {
		rules = append(rules, map[string]any{
			"matches":     []any{pathPrefix("/missing")},
			"backendRefs": []any{map[string]any{"name": "missing", "port": int64(80)}},
		})
	}
	return object("HTTPRoute", r.namespace, r.name, map[string]any{
		"parentRefs": []any{map[string]any{"name": gatewayName, "namespace": r.parent}},
		"hostnames":  []any{r.host},
		"rules":      rules,
	})
}

func pathPrefix(value string) map[string]any {
	return map[string]any{"path": map[string]any{"type": "PathPrefix", "value": value}}
}

func (b *bench) createObject(ctx context.Context, kind schema.GroupVersionResource, o *unstructured.Unstructured) error {
	_, err := b.objects.Resource(kind).Namespace(o.GetNamespace()).Create(ctx, o, metav1.CreateOptions{})
	return err
}

// updateRoute replaces the spec, whatever version the object has: statuses are written meanwhile.
func (b *bench) updateRoute(ctx context.Context, route routeSpec) error {
	patch, err := json.Marshal(map[string]any{"spec": route.object().Object["spec"]})
	if err != nil {
		return err
	}
	_, err = b.objects.Resource(routes).Namespace(route.namespace).Patch(ctx, route.name, types.MergePatchType, patch,
		metav1.PatchOptions{})
	return err
}

// addService makes a Service of two ports, 80 and 8080, that lead to the two of the backend.
func (b *bench) addService(ctx context.Context, namespace, name string) error {
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{
			{Name: "one", Port: 80, TargetPort: intstr.FromInt32(b.ports[0])},
			{Name: "two", Port: 8080, TargetPort: intstr.FromInt32(b.ports[1])},
		}},
	}
	if _, err := b.core.CoreV1().Services(namespace).Create(ctx, service, metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err := b.core.DiscoveryV1().EndpointSlices(namespace).Create(ctx, b.slice(name, b.backend), metav1.CreateOptions{})
	return err
}

func (b *bench) slice(service string, addresses ...string) *discoveryv1.EndpointSlice {
	one, two, ready := "one", "two", true
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: service, Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &one, Port: &b.ports[0]}, {Name: &two, Port: &b.ports[1]}},
	}
	for _, address := range addresses {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: &ready},
		})
	}
	return slice
}

// addGateway makes a namespace with a Gateway and a backend's Service in it, and returns the Gateway's address.
func (b *bench) addGateway(ctx context.Context, namespace string) (string, error) {
	if err := b.addNamespace(ctx, namespace); err != nil {
		return "", err
	}
	if err := b.addService(ctx, namespace, serviceName); err != nil {
		return "", err
	}
	if err := b.createObject(ctx, gateways, gatewayOf(namespace, ownClassName)); err != nil {
		return "", err
	}
	address := ""
	err := await(ctx, "the Gateway's address", time.Minute, 50*time.Millisecond, func() bool {
		now, err := b.objects.Resource(gateways).Namespace(namespace).Get(ctx, gatewayName, metav1.GetOptions{})
		if err != nil || !isProgrammed(now) {
			return false
		}
		all, _, _ := unstructured.NestedSlice(now.Object, "status", "addresses")
		if len(all) > 0 {
			address, _, _ = unstructured.NestedString(all[0].(map[string]any), "value")
		}
		return address != ""
	})
	return address, err
}

func isProgrammed(gateway *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(gateway.Object, "status", "conditions")
	for _, each := range conditions {
		if condition := each.(map[string]any); condition["type"] == "Programmed" && condition["status"] == "True" {
			return true
		}
	}
	return false
}

// attachedRoutes is what the only listener says, -1 when it says nothing.
func attachedRoutes(gateway *unstructured.Unstructured) int {
	listeners, _, _ := unstructured.NestedSlice(gateway.Object, "status", "listeners")
	if len(listeners) != 1 {
		return -1
	}
	count, found, _ := unstructured.NestedInt64(listeners[0].(map[string]any), "attachedRoutes")
	if !found {
		return -1
	}
	return int(count)
}

func routeName(i int) string { return fmt.Sprintf("r-%05d", i) }

func routeHost(row string, i int) string { return fmt.Sprintf("r-%05d.%s.example.com", i, row) }
