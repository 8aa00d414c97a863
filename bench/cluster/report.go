// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is one line of the report.
type figure struct {
	Row   string   `json:"row"`
	Name  string   `json:"name"`
	Value float64  `json:"value"`
	Unit  string   `json:"unit,omitempty"`
	Goal  *float64 `json:"goal,omitempty"` // at most
}

func (f figure) isMet() bool { return f.Goal == nil || f.Value <= *f.Goal }

// isError tells figures that no slow machine explains.
func (f figure) isError() bool { return f.Name == "errors" && f.Value > 0 }

func (f figure) verdict() string {
	switch {
	case f.Goal == nil:
		return ""
	case f.isMet():
		return "met"
	default:
		return "MISSED"
	}
}

// cells are row, name, value, goal, verdict.
func (f figure) cells() []string {
	goal := ""
	if f.Goal != nil {
		goal = "<= " + number(*f.Goal, f.Unit)
	}
	return []string{f.Row, f.Name, number(f.Value, f.Unit), goal, f.verdict()}
}

func number(value float64, unit string) string {
	text := fmt.Sprintf("%.0f", value)
	switch unit {
	case "s":
		text = fmt.Sprintf("%.2f", value)
	case "ms", "MiB":
		text = fmt.Sprintf("%.1f", value)
	case "cores":
		text = fmt.Sprintf("%.4f", value)
	}
	return strings.TrimSpace(text + " " + unit)
}

type report struct {
	Sizes   sizes    `json:"sizes"`
	Figures []figure `json:"figures"`
}

func (r *report) note(row, name string, value float64, unit string) {
	r.Figures = append(r.Figures, figure{Row: row, Name: name, Value: value, Unit: unit})
}

func (r *report) goal(row, name string, value float64, unit string, most float64) {
	r.Figures = append(r.Figures, figure{Row: row, Name: name, Value: value, Unit: unit, Goal: &most})
}

func (r *report) isBroken() bool { return slices.ContainsFunc(r.Figures, figure.isError) }

var header = []string{"row", "figure", "value", "goal", "verdict"}

func (r *report) terminal() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(header, "\t"))
	for _, each := range r.Figures {
		fmt.Fprintln(table, strings.Join(each.cells(), "\t"))
	}
	_ = table.Flush()
	return text.String()
}

func (r *report) markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "# A gateway in a cluster\n\n| %s |\n|---|---|---:|---:|---|\n", strings.Join(header, " | "))
	for _, each := range r.Figures {
		fmt.Fprintf(&text, "| %s |\n", strings.Join(each.cells(), " | "))
	}
	fmt.Fprintf(&text, "\nSizes: %+v\n", r.Sizes)
	return text.String()
}

func (r *report) save(folder string) error {
	document, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "cluster.json"), append(document, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "cluster.md"), []byte(r.markdown()), 0o644)
}

type durations []time.Duration

// mean, max and quantile are in milliseconds, 0 of nothing.
func (d durations) mean() float64 {
	sum := time.Duration(0)
	for _, each := range d {
		sum += each
	}
	return milliseconds(sum) / float64(max(len(d), 1))
}

func (d durations) max() float64 { return d.quantile(1) }

func (d durations) quantile(share float64) float64 {
	if len(d) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(d))
	return milliseconds(sorted[int(share*float64(len(sorted)-1))])
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
