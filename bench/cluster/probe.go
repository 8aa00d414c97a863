// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// probeRow: how soon a route serves, one after the other, all staying.
func probeRow(b *bench, ctx context.Context, report *report) error {
	const namespace = "probe"
	address, err := b.addGateway(ctx, namespace)
	if err != nil {
		return err
	}
	cpu, err := b.gateway.startMeter()
	if err != nil {
		return err
	}
	probed, err := b.probe(ctx, namespace, namespace, address, b.Probe)
	if err != nil {
		return err
	}
	used := cpu.read()
	probed.report(report, "probe")
	report.note("probe", "CPU, mean", used.mean, "cores")
	return nil
}

// probed are latencies until the first 200.
type probed struct {
	fromAnswer, fromRequest durations // of the API server's answer to the creation, and of asking for it
	errors                  int
}

func (p probed) report(report *report, row string) {
	report.goal(row, "until a new route serves, mean", p.fromAnswer.mean(), "ms", 10)
	report.goal(row, "until a new route serves, max", p.fromAnswer.max(), "ms", 50)
	report.goal(row, "errors", float64(p.errors), "", 0)
	report.note(row, "until a new route serves, p99", p.fromAnswer.quantile(0.99), "ms")
	report.note(row, "creation included, mean", p.fromRequest.mean(), "ms")
}

// probe applies routes one by one and asks for each every 5 ms: 404 until it is 200, anything else is an error.
func (b *bench) probe(ctx context.Context, namespace, parent, address string, count int) (probed, error) {
	result := probed{}
	client := newClient()
	for i := range count {
		host := routeHost("probe", i)
		asked := time.Now()
		err := b.createObject(ctx, routes, routeSpec{
			namespace: namespace, name: routeName(i), host: host, parent: parent, service: serviceName,
			withMissing: true,
		}.object())
		if err != nil {
			return result, err
		}
		answered := time.Now()
		err = await(ctx, host, time.Minute, shortPause, func() bool {
			status, _, err := get(ctx, client, address, host)
			if err != nil || (status != http.StatusOK && status != http.StatusNotFound) {
				result.errors++
			}
			return err == nil && status == http.StatusOK
		})
		if err != nil {
			return result, err
		}
		result.fromAnswer = append(result.fromAnswer, time.Since(answered))
		result.fromRequest = append(result.fromRequest, time.Since(asked))
	}
	return result, nil
}

func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: 5 * time.Second}
}

// get returns the status and the version that the route's response header says.
func get(ctx context.Context, client *http.Client, address, host string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return 0, "", err
	}
	request.Host = host
	answer, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header.Get("x-version") + "/" + answer.Header.Get("backend"), err
}

// flipsRow: one route goes to and fro between two ports, with another header each time, under requests that follow
// each other without a pause.
func flipsRow(b *bench, ctx context.Context, report *report) error {
	const namespace = "flips"
	address, err := b.addGateway(ctx, namespace)
	if err != nil {
		return err
	}
	probe, err := b.probe(ctx, namespace, namespace, address, 1)
	if err != nil || probe.errors > 0 {
		return fmt.Errorf("the first route: %w, %d errors", err, probe.errors)
	}
	seen, stop := make(chan string, 1), make(chan struct{})
	counted := make(chan [2]int, 1)
	go func() { counted <- closedLoop(ctx, address, routeHost("probe", 0), seen, stop) }()
	var took durations
	for i := range b.Flips {
		changed := routeSpec{
			namespace: namespace, name: routeName(0), host: routeHost("probe", 0), parent: namespace,
			service: serviceName, port: []int64{80, 8080}[i%2], version: fmt.Sprint("flip-", i), withMissing: true,
		}
		if err := b.updateRoute(ctx, changed); err != nil {
			return err
		}
		answered := time.Now()
		wanted := fmt.Sprintf("flip-%d/%d", i, i%2)
		err := await(ctx, wanted, time.Minute, time.Microsecond, func() bool { return <-seen == wanted })
		if err != nil {
			return err
		}
		took = append(took, time.Since(answered))
	}
	close(stop)
	for range seen { // until the loop ends
	}
	count := <-counted
	report.goal("flips", "errors", float64(count[1]), "", 0)
	report.note("flips", "requests", float64(count[0]), "")
	report.note("flips", "until a change serves, mean", took.mean(), "ms")
	report.note("flips", "until a change serves, max", took.max(), "ms")
	return nil
}

// closedLoop asks over one connection and tells what it sees; it counts requests and errors, and closes `seen`.
func closedLoop(ctx context.Context, address, host string, seen chan<- string, stop <-chan struct{}) [2]int {
	defer close(seen)
	client := newClient()
	count := [2]int{}
	for {
		status, version, err := get(ctx, client, address, host)
		count[0]++
		if err != nil || status != http.StatusOK {
			count[1]++
		}
		select {
		case <-stop:
			return count
		case <-ctx.Done():
			return count
		case seen <- version:
		default:
		}
	}
}
