// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	ourController     = "gatehouse.dev/gateway-controller"
	foreignController = "other.example/controller"
	foreignPause      = 20 * time.Millisecond
	ownChanges        = 5
)

// playForeignWriter has another controller write its own entry of a route's parents all the time, while the route
// changes now and then (K8).
func playForeignWriter(s *Stage) {
	replica := s.start()
	s.serve(1)
	before := s.awaitQuiet(replica)

	foreign := foreignWriter{stage: s}
	ctx, stop := context.WithCancel(s.ctx)
	var done sync.WaitGroup
	done.Go(func() { foreign.run(ctx) })
	var generation int64
	failed := s.guard(func() {
		for i := range ownChanges {
			s.sleep(time.Second)
			generation = s.patch("HTTPRoute", "echo",
				fmt.Sprintf(`{"spec":{"hostnames":["echo.example","echo-%d.example"]}}`, i)).GetGeneration()
		}
		s.await(5*time.Second, "our entry follows the route", func() error { return follows(s.parents("echo"), generation) })
		s.sleep(2 * time.Second)
	})
	stop()
	done.Wait()
	s.check(failed)
	s.check(foreign.err)

	ours := s.awaitQuiet(replica) - before
	s.note("%d writes of the other controller (%d conflicts), %d of ours for %d changes of the route",
		foreign.writes, foreign.conflicts, ours, ownChanges)
	if foreign.lost > 0 {
		s.fail("the other controller's entry was gone or another %d times", foreign.lost)
	}
	// A change may be written twice when the other writer comes in between; never without a change.
	if ours > 2*ownChanges {
		s.fail("%d writes of statuses for %d changes: a fight", ours, ownChanges)
	}
	if foreign.writes < 50 {
		s.fail("the other controller wrote only %d times", foreign.writes)
	}
	parents := s.parents("echo")
	s.check(follows(parents, generation))
	if entryOf(parents, foreignController) == nil {
		s.fail("the other controller's entry is gone: %v", parents)
	}
}

func (s *Stage) parents(route string) []any {
	found := s.get("HTTPRoute", route)
	parents, _, err := unstructured.NestedSlice(found.Object, "status", "parents")
	s.check(err)
	return parents
}

func entryOf(parents []any, controller string) map[string]any {
	for _, each := range parents {
		if entry, _ := each.(map[string]any); entry["controllerName"] == controller {
			return entry
		}
	}
	return nil
}

// follows says whether our entry is Accepted, of that generation.
func follows(parents []any, generation int64) error {
	entry := entryOf(parents, ourController)
	conditions, _, _ := unstructured.NestedSlice(entry, "conditions")
	for _, each := range conditions {
		fields, _ := each.(map[string]any)
		if fields["type"] == "Accepted" && fields["status"] == "True" && fields["observedGeneration"] == generation {
			return nil
		}
	}
	return fmt.Errorf("no Accepted condition of generation %d in %v", generation, conditions)
}

func foreignEntry(message string) map[string]any {
	return map[string]any{
		"controllerName": foreignController,
		"parentRef":      map[string]any{"name": "elsewhere"},
		"conditions": []any{map[string]any{
			"type": "Accepted", "status": "True", "reason": "Accepted", "message": message,
			"lastTransitionTime": "2026-01-01T00:00:00Z",
		}},
	}
}

// foreignWriter behaves as controllers should: it reads, changes its own entry only, and writes with the version read.
type foreignWriter struct {
	stage                   *Stage
	writes, conflicts, lost int
	last                    string // message of the entry it wrote last
	err                     error
}

func (w *foreignWriter) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := w.write(ctx); err != nil && ctx.Err() == nil {
			w.err = err
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(foreignPause):
		}
	}
}

func (w *foreignWriter) write(ctx context.Context) error {
	routes := w.stage.of("HTTPRoute", w.stage.namespace)
	route, err := routes.Get(ctx, "echo", metav1.GetOptions{})
	if err != nil {
		return err
	}
	parents, _, err := unstructured.NestedSlice(route.Object, "status", "parents")
	if err != nil {
		return err
	}
	if w.last != "" && !hasMessage(entryOf(parents, foreignController), w.last) {
		w.lost++
	}
	message := fmt.Sprintf("write %d", w.writes+1)
	kept := []any{foreignEntry(message)}
	for _, each := range parents {
		if entry, _ := each.(map[string]any); entry["controllerName"] != foreignController {
			kept = append(kept, entry)
		}
	}
	if err := unstructured.SetNestedSlice(route.Object, kept, "status", "parents"); err != nil {
		return err
	}
	_, err = routes.UpdateStatus(ctx, route, metav1.UpdateOptions{})
	if apierrors.IsConflict(err) {
		w.conflicts++
		return nil
	}
	if err == nil {
		w.writes++
		w.last = message
	}
	return err
}

func hasMessage(entry map[string]any, message string) bool {
	conditions, _, _ := unstructured.NestedSlice(entry, "conditions")
	for _, each := range conditions {
		if fields, _ := each.(map[string]any); fields["message"] == message {
			return true
		}
	}
	return false
}
