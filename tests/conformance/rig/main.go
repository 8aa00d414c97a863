// SPDX-License-Identifier: Apache-2.0

// rig is a Kubernetes cluster on one machine without containers, with a gateway in it: it runs the conformance suite,
// or any other command, or waits. See the README beside it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"k8s.io/klog/v2"

	"gatehouse.dev/tests/conformance/rig/cluster"
	"gatehouse.dev/tests/conformance/rig/dns"
	"gatehouse.dev/tests/conformance/rig/gateway"
	"gatehouse.dev/tests/conformance/rig/kubelet"
	"gatehouse.dev/tests/conformance/rig/sandbox"
	"gatehouse.dev/tests/conformance/rig/suite"
)

func main() {
	log.SetFlags(log.Ltime)
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case kubelet.EnterCommand:
			fail(kubelet.RunEnter(os.Args[2]))
		case dns.Command:
			fail(dns.Run())
		}
	}
	order, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "rig:", err)
		os.Exit(2)
	}
	if !sandbox.Inside() {
		code, err := sandbox.Run(order.Output)
		if err != nil {
			fail(err)
		}
		os.Exit(code)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	quiet, err := startLog(order.Output)
	if err != nil {
		fail(err)
	}
	log.SetOutput(quiet)
	klog.SetOutput(quiet)
	klog.LogToStderr(false)
	fail(run(ctx, order))
}

// startLog forgets the logs of the run before.
func startLog(folder string) (*os.File, error) {
	old, err := filepath.Glob(filepath.Join(folder, "*.log"))
	if err != nil {
		return nil, err
	}
	for _, path := range append(old, filepath.Join(folder, "pods")) {
		if err := os.RemoveAll(path); err != nil {
			return nil, err
		}
	}
	return os.Create(filepath.Join(folder, "rig.log"))
}

func fail(err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, "rig:", err)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(max(exit.ExitCode(), 1))
	}
	os.Exit(1)
}

func run(ctx context.Context, order order) error {
	up, err := cluster.Start(ctx, order.Options)
	if err != nil {
		return err
	}
	defer up.Stop()
	var replicas []*gateway.Gateway
	for replica := range order.replicas {
		started, err := gateway.Start(ctx, gateway.Options{
			Program: order.Gatehouse, Kubeconfig: up.Kubeconfig(), Logs: order.Output, Replica: replica,
			Arguments: order.gatewayArguments,
		})
		if err != nil {
			return err
		}
		replicas = append(replicas, started)
	}
	result := work(ctx, up, order)
	for _, replica := range replicas {
		result = errors.Join(result, replica.Stop())
	}
	return result
}

func work(ctx context.Context, up *cluster.Cluster, order order) error {
	if order.command == "suite" {
		return runSuite(ctx, up, order)
	}
	if len(order.program) > 0 {
		command := exec.CommandContext(ctx, order.program[0], order.program[1:]...)
		command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
		command.Env = append(os.Environ(), "KUBECONFIG="+up.Kubeconfig(),
			"PATH="+order.Programs+":"+os.Getenv("PATH"))
		return command.Run()
	}
	pid := filepath.Join(order.Output, "pid")
	fmt.Printf("The cluster is up; Ctrl-C ends it.\n  export KUBECONFIG=%s\n  %s get gateways -A\n",
		up.HostKubeconfig(), filepath.Join(order.Programs, "kubectl"))
	fmt.Printf("Gateways have addresses of 127.64.0.0/16 inside of the rig:\n"+
		"  sudo nsenter --target $(cat %s) --net curl http://127.64.0.1/\n", pid)
	<-ctx.Done()
	return nil
}

func runSuite(ctx context.Context, up *cluster.Cluster, order order) error {
	config, err := up.Config()
	if err != nil {
		return err
	}
	if err := gateway.AwaitClass(ctx, config); err != nil {
		return err
	}
	result, err := suite.Run(ctx, suite.Options{
		Program:      filepath.Join(order.Programs, "conformance-"+order.GatewayAPI+".test"),
		Kubeconfig:   up.Kubeconfig(),
		GatewayClass: gateway.ClassName,
		Output:       order.Output,
		Tests:        order.tests,
		Version:      order.version,
		Arguments:    order.program,
	})
	fmt.Printf("%d passed, %d failed, %d skipped\n", len(result.Passed), len(result.Failed), len(result.Skipped))
	for _, name := range result.Failed {
		fmt.Println("failed:", name)
	}
	if err != nil || order.report == "" || result.ReportPath == "" {
		return err
	}
	return keepReport(result, order.report)
}

// keepReport copies the report of a run that went well, and lists beside it the tests that the report only counts.
func keepReport(result suite.Result, to string) error {
	text, err := os.ReadFile(result.ReportPath)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, text, 0o644); err != nil {
		return err
	}
	names := slices.Sorted(slices.Values(result.Passed))
	list := fmt.Sprintf("exit code 0, %d tests passed, none failed, none skipped\n%s\n", len(names), strings.Join(names, "\n"))
	return os.WriteFile(strings.TrimSuffix(to, filepath.Ext(to))+".txt", []byte(list), 0o644)
}
