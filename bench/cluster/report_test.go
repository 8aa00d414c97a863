// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"
)

func TestGoalIsMetUpToItsValue(t *testing.T) {
	r := &report{}
	r.goal("a", "errors", 0, "", 0)
	r.goal("a", "lag", 1, "s", 1)
	r.goal("a", "lag", 1.1, "s", 1)
	r.note("a", "CPU", 3, "cores")
	for i, wanted := range []string{"met", "met", "MISSED", ""} {
		if got := r.Figures[i].verdict(); got != wanted {
			t.Errorf("figure %d: %q instead of %q", i, got, wanted)
		}
	}
}

func TestOnlyErrorsBreakARun(t *testing.T) {
	r := &report{}
	r.goal("a", "lag", 2, "s", 1)
	if r.isBroken() {
		t.Error("a goal that is missed breaks the run")
	}
	r.goal("a", "errors", 1, "", 0)
	if !r.isBroken() {
		t.Error("an error does not break the run")
	}
}

func TestMarkdownHasALineForEachFigure(t *testing.T) {
	r := &report{}
	r.goal("scale", "RSS", 149.96, "MiB", 150)
	if !strings.Contains(r.markdown(), "| scale | RSS | 150.0 MiB | <= 150.0 MiB | met |\n") {
		t.Error(r.markdown())
	}
}

func TestQuantilesAreOfTheSortedValues(t *testing.T) {
	d := durations{4 * time.Millisecond, 2 * time.Millisecond, 9 * time.Millisecond}
	if d.mean() != 5 || d.max() != 9 || d.quantile(0.5) != 4 {
		t.Error(d.mean(), d.max(), d.quantile(0.5))
	}
	if none := (durations{}); none.mean() != 0 || none.max() != 0 {
		t.Error("of nothing")
	}
}

func TestCPUTimeIsReadBehindANameWithSpaces(t *testing.T) {
	const stat = "7 (a b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 5 0 100"
	cpu, err := parseCPU(stat)
	if err != nil || cpu != 3*time.Second {
		t.Error(cpu, err)
	}
	if _, err := parseCPU("7 (a) S 1"); err == nil {
		t.Error("a short line is read")
	}
}

func TestMemoryIsInBytes(t *testing.T) {
	const status = "VmPeak:\t 9 kB\nVmHWM:\t  8 kB\nVmRSS:\t    4 kB\n"
	if parseKiB(status, "VmRSS:") != 4096 || parseKiB(status, "VmHWM:") != 8192 || parseKiB(status, "Vm?:") != 0 {
		t.Error(parseKiB(status, "VmRSS:"))
	}
}

func TestPeakIsOfAFullSecond(t *testing.T) {
	at := func(millis, cpu int) usage {
		return usage{at: time.UnixMilli(int64(millis)), cpu: time.Duration(cpu) * time.Millisecond}
	}
	got := summarize([]usage{at(0, 0), at(1000, 100), at(2000, 600), at(2010, 610)})
	if got.peak != 0.5 || got.mean < 0.30 || got.mean > 0.31 {
		t.Error(got.peak, got.mean)
	}
}

func TestSeriesAreCountedWithTheirLabels(t *testing.T) {
	series, err := parseMetrics(strings.NewReader("# HELP a b\na{x=\"1 2\"} 3\na{x=\"2\"} 4.5\n\nb 0\n"))
	if err != nil || len(series) != 3 || series[`a{x="1 2"}`] != 3 {
		t.Error(series, err)
	}
	if _, err := parseMetrics(strings.NewReader("a b\n")); err == nil {
		t.Error("text without a value is read")
	}
}

func TestPercentScalesWhatIsNotGiven(t *testing.T) {
	chosen, err := parse([]string{"--percent", "10", "--flips", "7", "--rows", "flips,scale"})
	if err != nil || chosen.Flips != 7 || chosen.Scale != 500 || chosen.wants("probe") || !chosen.wants("scale") {
		t.Error(chosen, err)
	}
	if _, err := parse([]string{"--rows", "none"}); err == nil {
		t.Error("an unknown row is taken")
	}
}
