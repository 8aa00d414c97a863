// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gatehouse.dev/tests/conformance/rig/cluster"
)

// order is what the command line asks for.
type order struct {
	cluster.Options
	command          string // suite or up
	replicas         int
	gatewayArguments []string
	tests            []string
	report           string
	version          string
	program          []string // what stands behind "--"
}

const usage = `rig suite [FLAG]... [-- SUITE-FLAG...]   run the conformance suite
rig up [FLAG]... [-- COMMAND...]         run a command with the cluster, or wait for Ctrl-C`

func parse(arguments []string) (order, error) {
	if len(arguments) == 0 || (arguments[0] != "suite" && arguments[0] != "up") {
		return order{}, errors.New("\n" + usage)
	}
	parsed := order{command: arguments[0]}
	flags := flag.NewFlagSet("rig "+parsed.command, flag.ContinueOnError)
	flags.StringVar(&parsed.Programs, "programs", besideUs(), "folder of etcd, kube-apiserver, echo-basic and so on")
	flags.StringVar(&parsed.Gatehouse, "gatehouse", "build/release/gatehouse", "the gateway under test")
	flags.StringVar(&parsed.Output, "output", "build/conformance/run", "folder for logs and kubeconfig")
	flags.StringVar(&parsed.GatewayAPI, "gateway-api", "v1.7.0", "version of the CRDs and of the suite")
	definitions := flags.String("crds", "deploy/crds", "further folders of CRDs, with commas")
	flags.IntVar(&parsed.replicas, "replicas", 1, "gateways to start beside the pods")
	gatewayArguments := flags.String("gateway-flags", "--drain-delay 0s --drain-timeout 5s", "further flags of the gateway, with spaces")
	tests := flags.String("run", "", "short names of tests, with commas; without it all")
	flags.StringVar(&parsed.report, "report", "", "where the report of a full run goes that succeeded")
	flags.StringVar(&parsed.version, "version", "unreleased", "of the gateway, for the report")
	if err := flags.Parse(arguments[1:]); err != nil {
		return order{}, err
	}
	parsed.program = flags.Args()
	parsed.gatewayArguments = strings.Fields(*gatewayArguments)
	parsed.tests = split(*tests)
	parsed.Definitions = split(*definitions)
	return parsed, parsed.makeAbsolute()
}

// makeAbsolute is for programs that run in other folders.
func (o *order) makeAbsolute() error {
	for _, path := range []*string{&o.Programs, &o.Gatehouse, &o.Output, &o.report} {
		if *path == "" {
			continue
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	if o.replicas > 0 {
		if _, err := os.Stat(o.Gatehouse); err != nil {
			return fmt.Errorf("--gatehouse: %w", err)
		}
	}
	return os.MkdirAll(o.Output, 0o755)
}

func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// besideUs is right when this program was started from among the others: it may be a link there, as they are.
func besideUs() string { return filepath.Dir(os.Args[0]) }
