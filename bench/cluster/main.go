// SPDX-License-Identifier: Apache-2.0

// cluster measures a gateway as a controller: how soon routes serve, what thousands of objects cost. It runs inside of
// the conformance rig, which gives it an API server (KUBECONFIG), and starts the gateway itself, anew for each row.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	chosen, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	report, err := run(ctx, chosen)
	fmt.Print(report.terminal())
	if saved := report.save(chosen.output); err == nil {
		err = saved
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
	if report.isBroken() {
		os.Exit(1)
	}
}

// run goes through the rows that were chosen; what was measured before an error is in the report.
func run(ctx context.Context, chosen choice) (*report, error) {
	report := &report{Sizes: chosen.sizes}
	bench, err := newBench(ctx, chosen)
	if err != nil {
		return report, err
	}
	for _, row := range rows {
		if !chosen.wants(row.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "row", row.name)
		if err := bench.runRow(ctx, row, report); err != nil {
			return report, fmt.Errorf("%s: %w", row.name, err)
		}
	}
	return report, nil
}

// row is one scene, with a gateway process of its own.
type row struct {
	name string
	run  func(*bench, context.Context, *report) error
}

var rows = []row{
	{"attached", attachedRow},
	{"probe", probeRow},
	{"flips", flipsRow},
	{"scale", scaleRow},
	{"foreign", foreignRow},
}

func (b *bench) runRow(ctx context.Context, row row, report *report) error {
	if err := b.startGateway(ctx); err != nil {
		return err
	}
	err := row.run(b, ctx, report)
	if stopped := b.stopGateway(); err == nil {
		err = stopped
	}
	if cleaned := b.clean(ctx); err == nil {
		err = cleaned
	}
	return err
}
