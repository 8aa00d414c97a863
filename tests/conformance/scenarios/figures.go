// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"gatehouse.dev/tests/conformance/rig/gateway"
)

var adminClient = http.Client{Timeout: 5 * time.Second}

// readiness is the code and the text of /readyz?verbose.
func (s *Stage) readiness(of *gateway.Gateway) (int, string) {
	answer, err := adminClient.Get("http://" + of.Admin() + "/readyz?verbose")
	s.check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	s.check(err)
	return answer.StatusCode, string(text)
}

// figure is the sum of a metric's series whose labels contain `labels`, and how many there are.
func (s *Stage) figure(of *gateway.Gateway, name, labels string) (sum float64, series int) {
	answer, err := adminClient.Get("http://" + of.Admin() + "/metrics")
	s.check(err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		rest, is := strings.CutPrefix(lines.Text(), name)
		if !is || (rest[0] != ' ' && rest[0] != '{') || !strings.Contains(rest, labels) {
			continue
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		s.check(err)
		sum += value
		series++
	}
	s.check(lines.Err())
	return sum, series
}

func (s *Stage) statusWrites(of *gateway.Gateway) int {
	writes, _ := s.figure(of, "gatehouse_controller_status_writes_total", "")
	return int(writes)
}

func (s *Stage) generation(of *gateway.Gateway) int {
	generation, _ := s.figure(of, "gatehouse_config_generation", "")
	return int(generation)
}

func (s *Stage) leads(of *gateway.Gateway) bool {
	leader, _ := s.figure(of, "gatehouse_controller_leader", "")
	return leader == 1
}

// awaitQuiet returns when no status was written for a second, and all are.
func (s *Stage) awaitQuiet(of *gateway.Gateway) int {
	last, since := s.statusWrites(of), time.Now()
	s.await(20*time.Second, "statuses settle", func() error {
		now := s.statusWrites(of)
		waiting, _ := s.figure(of, "gatehouse_controller_status_waiting", "")
		if now != last || waiting > 0 {
			last, since = now, time.Now()
		}
		if time.Since(since) < time.Second {
			return fmt.Errorf("%d writes, %g waiting", now, waiting)
		}
		return nil
	})
	return last
}

// residentKiB is the memory of the process.
func (s *Stage) residentKiB(of *gateway.Gateway) int {
	return s.fieldOf(fmt.Sprintf("/proc/%d/status", of.PID()), "VmRSS:")
}

// availableKiB is what the machine can still give.
func (s *Stage) availableKiB() int { return s.fieldOf("/proc/meminfo", "MemAvailable:") }

func (s *Stage) fieldOf(file, name string) int {
	text, err := os.ReadFile(file)
	s.check(err)
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		if len(fields) > 1 && fields[0] == name {
			value, err := strconv.Atoi(fields[1])
			s.check(err)
			return value
		}
	}
	s.fail("%s has no %s", file, name)
	return 0
}
