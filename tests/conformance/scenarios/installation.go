// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	ownNamespace     = "gatehouse-system"
	ownImage         = "gatehouse:0.1.0"
	gatewayNameLabel = "gateway.networking.k8s.io/gateway-name"
	serviceArgument  = "- --gateway-service=" + ownNamespace + "/gatehouse"
)

// edit is what a user changes in a file of deploy/ before it is applied.
type edit struct{ from, to string }

// install makes the namespace of deploy/ and does `rights`; then it applies the Deployment with other arguments than
// that of merged addresses. It returns when all pods are ready; at the end of the scenario all of it is deleted.
func (s *Stage) install(rights func(), arguments ...string) {
	s.await(45*time.Second, "an older installation is gone", func() error {
		if s.exists("Namespace", ownNamespace) {
			return errors.New("its namespace is still there")
		}
		return nil
	})
	s.applyFile("deploy/namespace.yaml")
	s.later(s.endPods)
	rights()
	lines := make([]string, 0, len(arguments))
	for _, argument := range arguments {
		lines = append(lines, "- "+argument)
	}
	s.applyFile("deploy/deployment.yaml", edit{serviceArgument, strings.Join(lines, "\n            ")})
	s.awaitRollout()
}

// endPods: a namespace that is deleted with pods in it is looked at again only after half of their long grace period.
func (s *Stage) endPods() {
	s.kubectl("-n", ownNamespace, "delete", "deployments", "--all", "--wait=false")
	s.await(30*time.Second, "pods have ended", func() error {
		if pods := s.kubectl("-n", ownNamespace, "get", "pods", "-o", "name", "--ignore-not-found"); pods != "" {
			return fmt.Errorf("pods: %s", pods)
		}
		return nil
	})
}

// applyFile is `kubectl apply -f` of a file after edits; what it made is deleted at the end of the scenario.
func (s *Stage) applyFile(path string, edits ...edit) {
	text, err := os.ReadFile(path)
	s.check(err)
	edited := string(text)
	for _, each := range edits {
		if !strings.Contains(edited, each.from) {
			s.fail("%s has no %q", path, each.from)
		}
		edited = strings.ReplaceAll(edited, each.from, each.to)
	}
	file := filepath.Join(s.order.Output, "state", s.name+"-"+filepath.Base(path))
	s.check(os.WriteFile(file, []byte(edited), 0o644))
	s.later(func() { s.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", file) })
	s.kubectl("apply", "-f", file)
}

// in plays a part in another namespace than the scenario's own.
func (s *Stage) in(namespace string, part func()) {
	home := s.namespace
	defer func() { s.namespace = home }()
	s.namespace = namespace
	part()
}

// madeFor are the objects of a kind that carry a Gateway's name.
func (s *Stage) madeFor(gateway, kind, namespace string) []unstructured.Unstructured {
	list, err := s.of(kind, namespace).List(s.ctx, metav1.ListOptions{LabelSelector: gatewayNameLabel + "=" + gateway})
	s.check(err)
	return list.Items
}

// theOneMadeFor waits until there is exactly one.
func (s *Stage) theOneMadeFor(gateway, kind, namespace string) *unstructured.Unstructured {
	var one unstructured.Unstructured
	s.await(20*time.Second, fmt.Sprintf("%s for the Gateway %s", kind, gateway), func() error {
		all := s.madeFor(gateway, kind, namespace)
		if len(all) != 1 {
			return fmt.Errorf("there are %d", len(all))
		}
		one = all[0]
		return nil
	})
	return &one
}
