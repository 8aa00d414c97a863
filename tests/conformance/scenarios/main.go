// SPDX-License-Identifier: Apache-2.0

// scenarios breaks things around a gateway that runs in the rig, one scenario after the other, and judges by what
// clients counted and by what the API server holds. See the README of the folder above.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"k8s.io/klog/v2"

	"gatehouse.dev/tests/conformance/rig/cluster"
	"gatehouse.dev/tests/conformance/rig/dns"
	"gatehouse.dev/tests/conformance/rig/kubelet"
	"gatehouse.dev/tests/conformance/rig/sandbox"
)

// scenario is one story; it fails by Stage.fail().
type scenario struct {
	name  string
	limit time.Duration
	size  size
	play  func(*Stage)
}

// size says whether --quick plays a scenario without being asked for it by name.
type size int

const (
	long size = iota
	short
)

var scenarios = []scenario{
	{"example", time.Minute, short, playExample},
	{"removal", 2 * time.Minute, short, playRemoval},
	{"foreign-writer", 2 * time.Minute, short, playForeignWriter},
	{"leader", 4 * time.Minute, short, playLeader},
	{"rollout", 6 * time.Minute, short, playRollout},
	{"secrets", 10 * time.Minute, long, playSecrets},
	{"definitions", 5 * time.Minute, long, playDefinitions},
	{"deploy", 5 * time.Minute, long, playDeploy},
	{"corruption", 8 * time.Minute, long, playCorruption},
	{"shared", 5 * time.Minute, long, playShared},
	{"dedicated", 6 * time.Minute, long, playDedicated},
	{"namespaces", 4 * time.Minute, long, playNamespaces},
	// Last: the cluster's own controllers are slow to come back after it.
	{"api-server", 6 * time.Minute, long, playAPIServer},
}

type order struct {
	cluster.Options
	quick bool
	names []string
}

func main() {
	log.SetFlags(log.Ltime)
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case kubelet.EnterCommand:
			end(kubelet.RunEnter(os.Args[2]))
		case dns.Command:
			end(dns.Run())
		}
	}
	order, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "scenarios:", err)
		os.Exit(2)
	}
	if !sandbox.Inside() {
		code, err := sandbox.Run(order.Output)
		if err != nil {
			end(err)
		}
		os.Exit(code)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	end(run(ctx, order))
}

func end(err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, "scenarios:", err)
	os.Exit(1)
}

func parse(arguments []string) (order, error) {
	parsed := order{Options: cluster.Options{GatewayAPI: "v1.7.0"}}
	flags := flag.NewFlagSet("scenarios", flag.ContinueOnError)
	flags.StringVar(&parsed.Programs, "programs", filepath.Dir(os.Args[0]), "folder of etcd, kube-apiserver and so on")
	flags.StringVar(&parsed.Gatehouse, "gatehouse", "build/release/gatehouse", "the gateway under test")
	flags.StringVar(&parsed.Output, "output", "build/conformance/scenarios", "folder for logs and kubeconfig")
	flags.BoolVar(&parsed.quick, "quick", false, "only the short scenarios, or those of --run, in their short form")
	names := flags.String("run", "", "names of scenarios, with commas; without it all")
	if err := flags.Parse(arguments); err != nil {
		return order{}, err
	}
	if *names != "" {
		parsed.names = strings.Split(*names, ",")
	}
	for _, name := range parsed.names {
		if !slices.ContainsFunc(scenarios, func(each scenario) bool { return each.name == name }) {
			return order{}, fmt.Errorf("there is no scenario %s", name)
		}
	}
	parsed.Definitions = []string{"deploy/crds"}
	for _, path := range []*string{&parsed.Programs, &parsed.Gatehouse, &parsed.Output} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return order{}, err
		}
		*path = absolute
	}
	if _, err := os.Stat(parsed.Gatehouse); err != nil {
		return order{}, fmt.Errorf("--gatehouse: %w", err)
	}
	return parsed, os.MkdirAll(parsed.Output, 0o755)
}

func (o order) wants(each scenario) bool {
	if len(o.names) > 0 {
		return slices.Contains(o.names, each.name)
	}
	return !o.quick || each.size == short
}

// run is in a cluster of its own for all scenarios; the log of the run before is forgotten.
func run(ctx context.Context, order order) error {
	old, err := filepath.Glob(filepath.Join(order.Output, "*.log"))
	if err != nil {
		return err
	}
	for _, path := range append(old, filepath.Join(order.Output, "pods")) {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	rigLog, err := os.Create(filepath.Join(order.Output, "rig.log"))
	if err != nil {
		return err
	}
	log.SetOutput(rigLog)
	klog.SetOutput(rigLog)
	klog.LogToStderr(false)
	up, err := cluster.Start(ctx, order.Options)
	if err != nil {
		return err
	}
	defer up.Stop()
	return playAll(ctx, up, order, os.Stdout)
}

func playAll(ctx context.Context, up *cluster.Cluster, order order, out io.Writer) error {
	passed, failed := 0, 0
	for _, each := range scenarios {
		if !order.wants(each) {
			continue
		}
		log.Printf("scenario %s", each.name)
		began := time.Now()
		notes, err := perform(ctx, up, order, each)
		took := time.Since(began).Seconds()
		for _, note := range notes {
			fmt.Fprintf(out, "  %s: %s\n", each.name, note)
		}
		if err != nil {
			failed++
			fmt.Fprintf(out, "FAIL scenario %s (%.1f s): %s\n", each.name, took, err)
			continue
		}
		passed++
		fmt.Fprintf(out, "PASS scenario %s (%.1f s)\n", each.name, took)
	}
	fmt.Fprintf(out, "%d scenarios passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		return fmt.Errorf("%d scenarios failed; logs are in %s", failed, order.Output)
	}
	return nil
}
