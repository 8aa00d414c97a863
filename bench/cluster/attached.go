// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// attachedRow: how soon attachedRoutes is right after many routes came, or went, and how often it was written.
func attachedRow(b *bench, ctx context.Context, report *report) error {
	const namespace = "attached"
	if _, err := b.addGateway(ctx, namespace); err != nil {
		return err
	}
	if err := b.gateway.settle(ctx); err != nil {
		return err
	}
	create := func(ctx context.Context, i int) error {
		return b.createObject(ctx, routes, routeSpec{
			namespace: namespace, name: routeName(i), host: routeHost(namespace, i), parent: namespace,
			service: serviceName,
		}.object())
	}
	remove := func(ctx context.Context, i int) error {
		return b.objects.Resource(routes).Namespace(namespace).Delete(ctx, routeName(i), metav1.DeleteOptions{})
	}
	cpu, err := b.gateway.startMeter()
	if err != nil {
		return err
	}
	added, err := b.ramp(ctx, namespace, b.Attached, create)
	if err != nil {
		return err
	}
	used := cpu.read()
	report.goal("attached", "lag of attachedRoutes after the last route came", added.lag.Seconds(), "s", 1)
	report.goal("attached", "status writes of the Gateway meanwhile", float64(added.writes), "", 20)
	report.note("attached", "time in which the routes were created", added.took.Seconds(), "s")
	report.note("attached", "CPU, peak of a second", used.peak, "cores")
	if err := b.gateway.settle(ctx); err != nil {
		return err
	}
	removed, err := b.ramp(ctx, namespace, 0, remove)
	if err != nil {
		return err
	}
	report.note("attached", "lag of attachedRoutes after the last route went", removed.lag.Seconds(), "s")
	report.note("attached", "status writes of the Gateway meanwhile (removal)", float64(removed.writes), "")
	return nil
}

type ramp struct {
	took, lag time.Duration
	writes    int
}

// ramp changes all routes while a watch looks at the Gateway, until that says `wanted`. The Gateway's spec does not
// change meanwhile: each version of it is a write of its status.
func (b *bench) ramp(ctx context.Context, namespace string, wanted int,
	change func(context.Context, int) error) (ramp, error) {
	client := b.objects.Resource(gateways).Namespace(namespace)
	now, err := client.Get(ctx, gatewayName, metav1.GetOptions{})
	if err != nil {
		return ramp{}, err
	}
	events, err := client.Watch(ctx, metav1.ListOptions{ResourceVersion: now.GetResourceVersion()})
	if err != nil {
		return ramp{}, err
	}
	defer events.Stop()
	changed := make(chan error, 1)
	began := time.Now()
	var ended time.Time
	go func() {
		err := inParallel(ctx, b.Attached, change)
		ended = time.Now()
		changed <- err
	}()
	result := ramp{}
	var right time.Time
	isChanged := false
	patience := time.After(longPatience)
	quiet := time.After(longPatience)
	for {
		select {
		case err := <-changed:
			if err != nil {
				return result, err
			}
			isChanged, result.took = true, ended.Sub(began)
			quiet = time.After(2 * time.Second)
		case event, open := <-events.ResultChan():
			if !open {
				return result, fmt.Errorf("the watch of the Gateway ended")
			}
			gateway, isObject := event.Object.(*unstructured.Unstructured)
			if !isObject {
				return result, fmt.Errorf("the watch of the Gateway: %v", event.Object)
			}
			result.writes++
			if attachedRoutes(gateway) == wanted {
				right = time.Now()
			} else {
				right = time.Time{}
			}
			quiet = time.After(2 * time.Second)
		case <-quiet:
			// No more writes come: the last one counts.
			if isChanged && !right.IsZero() {
				result.lag = max(right.Sub(ended), 0)
				return result, nil
			}
			quiet = time.After(2 * time.Second)
		case <-patience:
			return result, fmt.Errorf("attachedRoutes is not %d within %s", wanted, longPatience)
		}
	}
}
