// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	perNamespace      = 100
	perOtherNamespace = 1000 // no more: they are deleted in one request
	mebibyte          = 1 << 20
)

func scaleNamespace(i int) string { return fmt.Sprintf("scale-%d", i/perNamespace) }

func otherNamespace(i int) string { return fmt.Sprintf("%s-%d", otherName, i/perOtherNamespace) }

func scaleRoute(i int, version string) routeSpec {
	return routeSpec{
		namespace: scaleNamespace(i), name: routeName(i), host: routeHost("scale", i), parent: "scale",
		service: routeName(i), version: version,
	}
}

// scaleRow: what thousands of routes cost, each with a Service of its own: while they come, when nothing happens,
// at a start; and how soon a new one serves while others change.
func scaleRow(b *bench, ctx context.Context, report *report) error {
	address, err := b.addGateway(ctx, "scale")
	if err != nil {
		return err
	}
	load, err := b.gateway.startMeter()
	if err != nil {
		return err
	}
	if err := b.loadScale(ctx); err != nil {
		return err
	}
	if err := b.gateway.settle(ctx); err != nil {
		return err
	}
	loaded := load.read()
	report.note("scale", "CPU while they come, mean", loaded.mean, "cores")
	report.note("scale", "CPU while they come, peak of a second", loaded.peak, "cores")
	steady, err := b.watchSteady(ctx)
	if err != nil {
		return err
	}
	report.goal("scale", "RSS", float64(steady.last.rss)/mebibyte, "MiB", 150)
	report.goal("scale", "CPU when nothing happens", steady.mean, "cores", 0.02)
	if err := b.restart(ctx, report, "scale"); err != nil {
		return err
	}
	if err := b.probeUnderChurn(ctx, address, report); err != nil {
		return err
	}
	series, err := readMetrics()
	if err != nil {
		return err
	}
	report.goal("scale", "series of metrics", float64(len(series)), "", 2000)
	return nil
}

func (b *bench) loadScale(ctx context.Context) error {
	for i := 0; i < b.Scale; i += perNamespace {
		if err := b.addNamespace(ctx, scaleNamespace(i)); err != nil {
			return err
		}
	}
	err := inParallel(ctx, b.Scale, func(ctx context.Context, i int) error {
		if err := b.addService(ctx, scaleNamespace(i), routeName(i)); err != nil {
			return err
		}
		return b.createObject(ctx, routes, scaleRoute(i, "").object())
	})
	if err != nil {
		return err
	}
	return b.awaitAttached(ctx, "scale", b.Scale)
}

func (b *bench) awaitAttached(ctx context.Context, namespace string, wanted int) error {
	what := fmt.Sprintf("attachedRoutes is %d", wanted)
	return await(ctx, what, longPatience, 100*time.Millisecond, func() bool {
		now, err := b.objects.Resource(gateways).Namespace(namespace).Get(ctx, gatewayName, metav1.GetOptions{})
		return err == nil && attachedRoutes(now) == wanted
	})
}

func (b *bench) watchSteady(ctx context.Context) (metered, error) {
	cpu, err := b.gateway.startMeter()
	if err != nil {
		return metered{}, err
	}
	select {
	case <-ctx.Done():
		return metered{}, ctx.Err()
	case <-time.After(time.Duration(b.Seconds) * time.Second):
	}
	return cpu.read(), nil
}

// restart starts the gateway anew where everything is there already.
func (b *bench) restart(ctx context.Context, report *report, row string) error {
	if err := b.stopGateway(); err != nil {
		return err
	}
	if err := b.startGateway(ctx); err != nil {
		return err
	}
	report.note(row, "restart: until all is served", time.Since(b.gateway.started).Seconds(), "s")
	if err := b.gateway.settle(ctx); err != nil {
		return err
	}
	now, err := b.gateway.usage()
	if err != nil {
		return err
	}
	report.note(row, "restart: CPU time", now.cpu.Seconds(), "s")
	report.note(row, "restart: RSS", float64(now.rss)/mebibyte, "MiB")
	report.note(row, "restart: RSS, peak", float64(now.peakRSS)/mebibyte, "MiB")
	return nil
}

// probeUnderChurn: a route changes every second, the endpoints of a Service every two.
func (b *bench) probeUnderChurn(ctx context.Context, address string, report *report) error {
	const namespace = "probe-churn"
	if err := b.addNamespace(ctx, namespace); err != nil {
		return err
	}
	if err := b.addService(ctx, namespace, serviceName); err != nil {
		return err
	}
	churning, stop := context.WithCancel(ctx)
	churned := make(chan error, 1)
	go func() { churned <- b.churn(churning) }()
	cpu, err := b.gateway.startMeter()
	if err == nil {
		var result probed
		result, err = b.probe(ctx, namespace, "scale", address, b.ProbeChurn)
		used := cpu.read()
		result.report(report, "probe under churn")
		report.goal("probe under churn", "CPU, peak of a second", used.peak, "cores", 0.3)
	}
	stop()
	if wrong := <-churned; err == nil {
		err = wrong
	}
	return err
}

func (b *bench) churn(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := b.updateRoute(ctx, scaleRoute(i%b.Scale, fmt.Sprint("churn-", i))); err != nil && ctx.Err() == nil {
			return err
		}
		if i%2 == 1 {
			continue
		}
		addresses := []string{b.backend, "10.88.0.250"}[:1+i/2%2]
		slice := b.slice(routeName(i%b.Scale), addresses...)
		_, err := b.core.DiscoveryV1().EndpointSlices(scaleNamespace(i%b.Scale)).Update(ctx, slice, metav1.UpdateOptions{})
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// foreignRow: what routes cost that attach to another controller's Gateway.
func foreignRow(b *bench, ctx context.Context, report *report) error {
	if _, err := b.addGateway(ctx, "own"); err != nil {
		return err
	}
	if err := b.gateway.settle(ctx); err != nil {
		return err
	}
	before, err := b.gateway.usage()
	if err != nil {
		return err
	}
	load, err := b.gateway.startMeter()
	if err != nil {
		return err
	}
	if err := b.loadForeign(ctx); err != nil {
		return err
	}
	report.note("foreign", "CPU while they come, mean", load.read().mean, "cores")
	steady, err := b.watchSteady(ctx)
	if err != nil {
		return err
	}
	report.goal("foreign", "CPU when nothing happens", steady.mean, "cores", 0.01)
	report.goal("foreign", "growth of RSS", float64(steady.last.rss-before.rss)/mebibyte, "MiB", 40)
	return b.restart(ctx, report, "foreign")
}

func (b *bench) loadForeign(ctx context.Context) error {
	for i := 0; i < b.Foreign; i += perOtherNamespace {
		if err := b.addNamespace(ctx, otherNamespace(i)); err != nil {
			return err
		}
	}
	if err := b.createObject(ctx, gateways, gatewayOf(otherNamespace(0), otherName)); err != nil {
		return err
	}
	return inParallel(ctx, b.Foreign, func(ctx context.Context, i int) error {
		return b.createObject(ctx, routes, routeSpec{
			namespace: otherNamespace(i), name: routeName(i), host: routeHost(otherName, i), parent: otherNamespace(0),
			service: serviceName,
		}.object())
	})
}
