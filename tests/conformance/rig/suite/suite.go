// SPDX-License-Identifier: Apache-2.0

// Package suite runs the official conformance suite and judges its report.
package suite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

const (
	profiles = "GATEWAY-HTTP,GATEWAY-GRPC,GATEWAY-TLS,GATEWAY-TCP,GATEWAY-UDP"
	// One that loopback has, out of the gateway's pool; and one that no machine here has.
	usableAddress   = "127.64.255.10"
	unusableAddress = "198.51.100.1"
	timeout         = "60m"
)

// Options of a run.
type Options struct {
	Program      string
	Kubeconfig   string
	GatewayClass string
	Output       string   // folder for suite.log and report.yaml
	Tests        []string // short names; empty: all
	Version      string   // of the gateway, for the report
	Arguments    []string // passed on
}

// Result of a run.
type Result struct {
	Passed, Failed, Skipped []string
	ReportPath              string // of a full run; else empty
}

// Run returns an error when the suite's exit code is not 0, when a test was skipped, or when the report of a full run
// shows something that is not supported.
func Run(ctx context.Context, options Options) (Result, error) {
	result := Result{}
	arguments := []string{
		"-test.v", "-test.timeout=" + timeout, "-test.run=TestConformance",
		"--gateway-class=" + options.GatewayClass, "--conformance-profiles=" + profiles,
		"--usable-address=" + usableAddress, "--unusable-address=" + unusableAddress,
	}
	if len(options.Tests) == 0 {
		result.ReportPath = filepath.Join(options.Output, "report.yaml")
		arguments = append(arguments,
			"--report-output="+result.ReportPath, "--organization=Gatehouse", "--project=gatehouse",
			"--url=https://gatehouse.dev", "--version="+options.Version, "--contact=https://gatehouse.dev/contact")
	} else {
		arguments = append(arguments, "--cleanup-base-resources=false")
	}
	command := exec.CommandContext(ctx, options.Program, append(arguments, options.Arguments...)...)
	command.Dir = options.Output
	command.Env = append(os.Environ(), "KUBECONFIG="+options.Kubeconfig,
		"GATEHOUSE_TESTS="+strings.Join(options.Tests, ","))
	if err := watch(command, filepath.Join(options.Output, "suite.log"), &result); err != nil {
		return result, err
	}
	if len(result.Skipped) > 0 {
		return result, fmt.Errorf("skipped: %s", strings.Join(result.Skipped, ", "))
	}
	if len(result.Passed) == 0 {
		return result, errors.New("no test was run")
	}
	if result.ReportPath == "" {
		return result, nil
	}
	return result, Judge(result.ReportPath)
}

// The line with which a test of the suite ends, but not those of its own parts.
var verdict = regexp.MustCompile(`^ *--- (PASS|FAIL|SKIP): TestConformance/([^/ ]+) \(([0-9.]+)s\)`)

func watch(command *exec.Cmd, path string, result *Result) error {
	log, err := os.Create(path)
	if err != nil {
		return err
	}
	defer log.Close()
	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error)
	go func() {
		err := command.Wait()
		_ = writer.Close()
		ended <- err
	}()
	lines := bufio.NewReader(reader)
	for {
		line, err := lines.ReadString('\n')
		_, _ = log.WriteString(line)
		result.note(line)
		if err != nil {
			break
		}
	}
	if err := <-ended; err != nil {
		return fmt.Errorf("the suite failed (%w): see %s", err, path)
	}
	return nil
}

func (r *Result) note(line string) {
	found := verdict.FindStringSubmatch(line)
	if found == nil {
		return
	}
	if found[1] != "SKIP" {
		fmt.Printf("%s %s (%s s)\n", found[1], found[2], found[3])
	}
	switch found[1] {
	case "PASS":
		r.Passed = append(r.Passed, found[2])
	case "FAIL":
		r.Failed = append(r.Failed, found[2])
	default:
		// Service meshes are another trade than gateways: no profile of ours has these tests.
		if !strings.HasPrefix(found[2], "Mesh") {
			r.Skipped = append(r.Skipped, found[2])
		}
	}
}
