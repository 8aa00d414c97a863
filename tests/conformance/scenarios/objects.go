// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

const fieldManager = "scenario"

type kind struct {
	resource  schema.GroupVersionResource
	isCluster bool
}

func gatewayAPI(version, resource string) kind {
	return kind{resource: schema.GroupVersionResource{
		Group: "gateway.networking.k8s.io", Version: version, Resource: resource,
	}}
}

func core(resource string) kind {
	return kind{resource: schema.GroupVersionResource{Version: "v1", Resource: resource}}
}

func ofCluster(of kind) kind {
	of.isCluster = true
	return of
}

var kinds = map[string]kind{
	"GatewayClass":     ofCluster(gatewayAPI("v1", "gatewayclasses")),
	"Gateway":          gatewayAPI("v1", "gateways"),
	"ListenerSet":      gatewayAPI("v1", "listenersets"),
	"HTTPRoute":        gatewayAPI("v1", "httproutes"),
	"GRPCRoute":        gatewayAPI("v1", "grpcroutes"),
	"TLSRoute":         gatewayAPI("v1", "tlsroutes"),
	"TCPRoute":         gatewayAPI("v1", "tcproutes"),
	"UDPRoute":         gatewayAPI("v1", "udproutes"),
	"ReferenceGrant":   gatewayAPI("v1", "referencegrants"),
	"BackendTLSPolicy": gatewayAPI("v1", "backendtlspolicies"),
	"Namespace":        ofCluster(core("namespaces")),
	"Service":          core("services"),
	"Secret":           core("secrets"),
	"ServiceAccount":   core("serviceaccounts"),
	"ConfigMap":        core("configmaps"),
	"EndpointSlice": {resource: schema.GroupVersionResource{
		Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}},
	"Deployment": {resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}},
	"CustomResourceDefinition": ofCluster(kind{resource: schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}}),
}

func (s *Stage) of(name, namespace string) dynamic.ResourceInterface {
	found, known := kinds[name]
	if !known {
		s.fail("the kind %s is not in the table of kinds", name)
	}
	if found.isCluster {
		return s.client.Resource(found.resource)
	}
	return s.client.Resource(found.resource).Namespace(namespace)
}

func (s *Stage) parse(manifest string) []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	for _, document := range strings.Split(manifest, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			s.fail("%w in:\n%s", err, document)
		}
		if object.Object != nil {
			all = append(all, object)
		}
	}
	return all
}

// apply is as `kubectl apply --server-side --force-conflicts`, in the scenario's namespace.
func (s *Stage) apply(manifest string) { s.applyTo(s.namespace, manifest) }

func (s *Stage) applyTo(namespace, manifest string) {
	for _, object := range s.parse(manifest) {
		_, err := s.of(object.GetKind(), namespace).Apply(s.ctx, object.GetName(), object,
			metav1.ApplyOptions{FieldManager: fieldManager, Force: true})
		s.check(err)
	}
}

// createAll is for many objects: several at once.
func (s *Stage) createAll(count int, manifest func(int) string) {
	s.inTurns(count, func(i int) {
		for _, object := range s.parse(manifest(i)) {
			s.createObject(object)
		}
	})
}

// inTurns does something for each number, for several at once. What fails ends the scenario in the end.
func (s *Stage) inTurns(count int, part func(int)) {
	var all sync.WaitGroup
	errs := make(chan error, count)
	turns := make(chan int)
	for range 16 {
		all.Go(func() {
			for i := range turns {
				errs <- s.guard(func() { part(i) })
			}
		})
	}
	for i := range count {
		turns <- i
	}
	close(turns)
	all.Wait()
	close(errs)
	for err := range errs {
		s.check(err)
	}
}

func (s *Stage) createObject(object *unstructured.Unstructured) {
	_, err := s.of(object.GetKind(), s.namespace).Create(s.ctx, object, metav1.CreateOptions{FieldManager: fieldManager})
	if !apierrors.IsAlreadyExists(err) {
		s.check(err)
	}
}

func (s *Stage) get(kind, name string) *unstructured.Unstructured {
	found, err := s.of(kind, s.namespace).Get(s.ctx, name, metav1.GetOptions{})
	s.check(err)
	return found
}

func (s *Stage) exists(kind, name string) bool {
	_, err := s.of(kind, s.namespace).Get(s.ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false
	}
	s.check(err)
	return true
}

func (s *Stage) remove(kind, name string) {
	background := metav1.DeletePropagationBackground
	err := s.of(kind, s.namespace).Delete(s.ctx, name, metav1.DeleteOptions{PropagationPolicy: &background})
	if !apierrors.IsNotFound(err) {
		s.check(err)
	}
}

// patch is a JSON merge patch.
func (s *Stage) patch(kind, name, text string) *unstructured.Unstructured {
	patched, err := s.of(kind, s.namespace).Patch(s.ctx, name, types.MergePatchType, []byte(text),
		metav1.PatchOptions{FieldManager: fieldManager})
	s.check(err)
	return patched
}

// condition is "True", "False", "Unknown" or "" of the first condition of that type in the list.
func condition(list []any, wanted string) string {
	for _, each := range list {
		fields, _ := each.(map[string]any)
		if fields["type"] == wanted {
			status, _ := fields["status"].(string)
			return status
		}
	}
	return ""
}
