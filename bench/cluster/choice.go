// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
)

// sizes say how many objects each row makes.
type sizes struct {
	Attached   int `json:"attached"`
	Probe      int `json:"probe"`
	ProbeChurn int `json:"probeUnderChurn"`
	Flips      int `json:"flips"`
	Scale      int `json:"scale"`
	Foreign    int `json:"foreign"`
	Seconds    int `json:"steadySeconds"`
}

var fullSizes = sizes{
	Attached: 1000, Probe: 3000, ProbeChurn: 100, Flips: 1000, Scale: 5000, Foreign: 40000, Seconds: 20,
}

// choice is what the command line asks for.
type choice struct {
	sizes
	rows      []string // empty: all
	gatehouse string
	flags     []string
	output    string
	backend   string
}

func (c choice) wants(row string) bool { return len(c.rows) == 0 || slices.Contains(c.rows, row) }

func parse(arguments []string) (choice, error) {
	chosen := choice{sizes: fullSizes}
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.StringVar(&chosen.gatehouse, "gatehouse", "build/release/gatehouse", "the gateway to measure")
	gatewayFlags := flags.String("gateway-flags", "--drain-delay 0s", "further flags of the gateway, with spaces")
	flags.StringVar(&chosen.output, "output", "build/bench", "folder for cluster.json, cluster.md and the gateway's log")
	flags.StringVar(&chosen.backend, "backend", "10.88.0.1", "an address of this machine that is not the loopback's")
	names := flags.String("rows", "", "attached, probe, flips, scale, foreign; with commas; without it all")
	percent := flags.Int("percent", 100, "of all sizes that are not given")
	flags.IntVar(&chosen.Attached, "attached", chosen.Attached, "routes of the row attached")
	flags.IntVar(&chosen.Probe, "probe", chosen.Probe, "routes of the row probe")
	flags.IntVar(&chosen.ProbeChurn, "probe-churn", chosen.ProbeChurn, "routes probed while others change")
	flags.IntVar(&chosen.Flips, "flips", chosen.Flips, "changes of one route under requests")
	flags.IntVar(&chosen.Scale, "scale", chosen.Scale, "routes of the row scale, each with a Service")
	flags.IntVar(&chosen.Foreign, "foreign", chosen.Foreign, "routes of another controller")
	flags.IntVar(&chosen.Seconds, "seconds", chosen.Seconds, "how long a steady state is watched")
	if err := flags.Parse(arguments); err != nil {
		return chosen, err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, size := range map[string]*int{
		"attached": &chosen.Attached, "probe": &chosen.Probe, "probe-churn": &chosen.ProbeChurn,
		"flips": &chosen.Flips, "scale": &chosen.Scale, "foreign": &chosen.Foreign,
	} {
		if !given[name] {
			*size = max(*size**percent/100, 1)
		}
	}
	chosen.flags = strings.Fields(*gatewayFlags)
	if *names != "" {
		chosen.rows = strings.Split(*names, ",")
	}
	for _, name := range chosen.rows {
		if !slices.ContainsFunc(rows, func(r row) bool { return r.name == name }) {
			return chosen, fmt.Errorf("--rows: there is no row %q", name)
		}
	}
	return chosen, nil
}
