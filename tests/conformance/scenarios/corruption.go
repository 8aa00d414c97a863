// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gatehouse.dev/tests/conformance/rig/gateway"
)

const (
	many        = 200
	victim      = 17
	neighbour   = 42
	asksOfForm  = 10
	heedLimit   = 10 * time.Second
	updateLimit = 5 * time.Second
)

// form is what an object says: every object exists in two, which clients can tell apart.
type form string

const (
	first  form = "first"
	second form = "second"
)

// population is many objects of one kind that clients can see the work of, each by itself.
type population struct {
	kind, namespace string
	name            string // with the number behind it
	manifest        func(number int, form form) string
	serves          func(number int, form form) error
	breakages       []breakage
	// Where the product says that the object is of no use, when that is not /readyz?verbose and the log.
	status func(number int) error
	// What is built into the API server is checked whatever definitions say: it is written past it.
	past string
}

func (p population) called(number int) string { return fmt.Sprintf("%s-%d", p.name, number) }

// playCorruption makes one of 200 objects of every kind unusable, in several ways; the others keep serving and can be
// changed, and the one is back when it is mended (K11).
func playCorruption(s *Stage) {
	replica := s.start()
	all := s.populate()
	s.await(60*time.Second, "everything is served", func() error {
		for _, each := range all {
			if err := s.allServe(each, -1); err != nil {
				return err
			}
		}
		return nil
	})
	s.liftChecks()
	load := startLoad(target{address: s.addressOf("web"), host: "near-0.example"}, 100, 4)
	for _, each := range all {
		slowest := time.Duration(0)
		for _, breakage := range each.breakages {
			if err := s.guard(func() { slowest = max(slowest, s.corrupt(replica, each, breakage)) }); err != nil {
				s.fail("%s, %s: %w", each.kind, breakage.what, err)
			}
		}
		s.note("%s: one of %d corrupted in %d ways, slowest change of another %s",
			each.kind, many, len(each.breakages), slowest.Round(time.Millisecond))
	}
	s.expectNoFailures(load, 100)
	s.check(replica.Stop())
	s.release(replica)
	s.startAmongCorrupted(all)
}

// told says whether the product tells of the victim.
func (s *Stage) told(replica *gateway.Gateway, of population) error {
	if of.status != nil {
		return of.status(victim)
	}
	_, text := s.readiness(replica)
	return complaint(text, fmt.Sprintf("%s %s/%s", of.kind, of.namespace, of.called(victim)))
}

// startAmongCorrupted: one of every kind is of no use when a replica starts that never saw it otherwise.
func (s *Stage) startAmongCorrupted(all []population) {
	var mends []func()
	for _, each := range all {
		mends = append(mends, s.spoil(each, each.breakages[0]))
	}
	replica := s.start()
	for _, each := range all {
		s.check(s.allServe(each, victim))
		// The status that would tell of a Secret or ConfigMap is that of another victim here.
		if each.status == nil {
			s.await(heedLimit, each.kind+": the product says so", func() error { return s.told(replica, each) })
		}
	}
	for i, each := range all {
		mends[i]()
		s.replace(each, victim, first)
	}
	took := s.await(heedLimit, "the return of all that is mended", func() error {
		for _, each := range all {
			if err := s.allServe(each, -1); err != nil {
				return err
			}
		}
		return nil
	})
	s.note("start with one of each of %d kinds corrupted: the others were served at once, all %s after the last was mended",
		len(all), took.Round(time.Millisecond))
}

// corrupt returns how long it took at most until a change of another object was served.
func (s *Stage) corrupt(replica *gateway.Gateway, of population, by breakage) (slowest time.Duration) {
	mend := s.spoil(of, by)
	s.await(heedLimit, "the product says so", func() error { return s.told(replica, of) })
	s.check(s.allServe(of, victim))
	for _, wanted := range []form{second, first} {
		s.replace(of, neighbour, wanted)
		took := s.awaitForm(of, neighbour, wanted, updateLimit)
		slowest = max(slowest, took)
	}
	s.check(s.allServe(of, victim))
	s.check(s.told(replica, of))
	mend()
	// That it obeys again only a change can show: some of what it said before may have been kept.
	for _, wanted := range []form{second, first} {
		s.replace(of, victim, wanted)
		s.awaitForm(of, victim, wanted, heedLimit)
	}
	s.await(heedLimit, "the product says no more", func() error {
		if s.told(replica, of) == nil {
			return errors.New("it still does")
		}
		return nil
	})
	s.check(s.allServe(of, -1))
	return slowest
}

// awaitForm asks several times: threads of the gateway take up what is new one after the other, and each connection is
// one thread's.
func (s *Stage) awaitForm(of population, number int, wanted form, limit time.Duration) time.Duration {
	return s.await(limit, of.called(number)+" in its form "+string(wanted), func() error {
		for range asksOfForm {
			if err := of.serves(number, wanted); err != nil {
				return err
			}
		}
		return nil
	})
}

// allServe asks for every object of a population but one.
func (s *Stage) allServe(of population, except int) error {
	errs := make([]error, many)
	s.inTurns(many, func(i int) {
		if i != except {
			errs[i] = of.serves(i, first)
		}
	})
	bad := 0
	var one error
	for i, err := range errs {
		if err != nil {
			bad++
			one = fmt.Errorf("%s %s: %w", of.kind, of.called(i), err)
		}
	}
	if one != nil {
		return fmt.Errorf("%d of the others do not serve: %w", bad, one)
	}
	return nil
}

// replace is a PUT, repeated while somebody writes the status meanwhile.
func (s *Stage) replace(of population, number int, wanted form) {
	s.put(of, s.parse(of.manifest(number, wanted))[0])
}

func (s *Stage) put(of population, object *unstructured.Unstructured) {
	client := s.of(of.kind, of.namespace)
	s.await(heedLimit, "no conflict", func() error {
		live, err := client.Get(s.ctx, object.GetName(), metav1.GetOptions{})
		s.check(err)
		object.SetResourceVersion(live.GetResourceVersion())
		_, err = client.Update(s.ctx, object, metav1.UpdateOptions{FieldManager: fieldManager})
		if !apierrors.IsConflict(err) {
			s.check(err)
		}
		return err
	})
}

// spoil returns what has to be done before the object can be changed in the usual way.
func (s *Stage) spoil(of population, by breakage) (mend func()) {
	if of.past == "" {
		object := s.parse(of.manifest(victim, first))[0]
		by.change(object.Object)
		// The definition that lets everything in is not in force at once.
		s.await(heedLimit, "the API server lets it in", func() error { return s.guard(func() { s.put(of, object) }) })
		return func() {}
	}
	live, err := s.of(of.kind, of.namespace).Get(s.ctx, of.called(victim), metav1.GetOptions{})
	s.check(err)
	live.SetResourceVersion("")
	live.SetManagedFields(nil)
	key := of.past + of.namespace + "/" + of.called(victim)
	store := func(object map[string]any) {
		text, err := json.Marshal(object)
		s.check(err)
		s.check(s.Store(s.ctx, key, text))
	}
	spoiled := live.DeepCopy()
	by.change(spoiled.Object)
	store(spoiled.Object)
	return func() { store(live.Object) }
}

// liftChecks makes the API server take every object of Gateway API, until the scenario ends.
func (s *Stage) liftChecks() {
	for _, resource := range []string{"httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes", "gateways",
		"listenersets", "referencegrants", "backendtlspolicies"} {
		name := resource + ".gateway.networking.k8s.io"
		definition := s.get("CustomResourceDefinition", name)
		versions, _, err := unstructured.NestedSlice(definition.Object, "spec", "versions")
		s.check(err)
		// An apply of its file would leave what is not in the file.
		s.later(func() { s.setVersions(name, versions) })
		open := definition.DeepCopy()
		changed, _, err := unstructured.NestedSlice(open.Object, "spec", "versions")
		s.check(err)
		for _, each := range changed {
			s.check(unstructured.SetNestedMap(each.(map[string]any),
				map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}, "schema", "openAPIV3Schema"))
		}
		s.setVersions(name, changed)
	}
}

func (s *Stage) setVersions(definition string, versions []any) {
	text, err := json.Marshal(map[string]any{"spec": map[string]any{"versions": versions}})
	s.check(err)
	s.patch("CustomResourceDefinition", definition, string(text))
}
