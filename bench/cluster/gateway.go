// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const stopPatience = 20 * time.Second

// gatewayProcess is the gateway that is measured.
type gatewayProcess struct {
	command *exec.Cmd
	log     *os.File
	started time.Time
	ended   chan struct{}
}

func startGateway(program, log string, flags []string) (*gatewayProcess, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	arguments := []string{
		"run", "--kubernetes", "--kubeconfig", os.Getenv("KUBECONFIG"), "--address-pool", "127.64.0.0/16",
		"--admin-address", admin, "--output", "off",
	}
	command := exec.Command(program, append(arguments, flags...)...)
	command.Stdout, command.Stderr = file, file
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	g := &gatewayProcess{command: command, log: file, started: time.Now(), ended: make(chan struct{})}
	if err := command.Start(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	go func() {
		_ = command.Wait()
		close(g.ended)
	}()
	return g, nil
}

// awaitReady returns when everything was listed and is served.
func (g *gatewayProcess) awaitReady(ctx context.Context) error {
	return await(ctx, "the gateway is ready", longPatience, shortPause, func() bool {
		answer, err := http.Get("http://" + admin + "/readyz")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

func (g *gatewayProcess) stop() error {
	defer g.log.Close()
	_ = g.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-g.ended:
	case <-time.After(stopPatience):
		_ = g.command.Process.Kill()
		return fmt.Errorf("the gateway did not end within %s", stopPatience)
	}
	if code := g.command.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the gateway ended with code %d", code)
	}
	return nil
}

// settle waits until no status is still to be written.
func (g *gatewayProcess) settle(ctx context.Context) error {
	quiet := 0
	return await(ctx, "all statuses are written", 2*longPatience, 200*time.Millisecond, func() bool {
		series, err := readMetrics()
		if err == nil && series["gatehouse_controller_status_waiting"] == 0 {
			quiet++
		} else {
			quiet = 0
		}
		return quiet == 5
	})
}

func readMetrics() (map[string]float64, error) {
	answer, err := http.Get("http://" + admin + "/metrics")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return parseMetrics(answer.Body)
}

// parseMetrics returns each series' value by its name and labels.
func parseMetrics(text io.Reader) (map[string]float64, error) {
	series := map[string]float64{}
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		end := strings.LastIndexByte(line, ' ')
		if line == "" || line[0] == '#' || end < 0 {
			continue
		}
		value, err := strconv.ParseFloat(line[end+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("metrics: %q", line)
		}
		series[line[:end]] = value
	}
	return series, lines.Err()
}

// usage is what the process has used so far, and holds now.
type usage struct {
	at      time.Time
	cpu     time.Duration
	rss     int64 // bytes
	peakRSS int64
}

func (g *gatewayProcess) usage() (usage, error) {
	folder := fmt.Sprintf("/proc/%d/", g.command.Process.Pid)
	stat, err := os.ReadFile(folder + "stat")
	if err != nil {
		return usage{}, err
	}
	status, err := os.ReadFile(folder + "status")
	if err != nil {
		return usage{}, err
	}
	now := usage{at: time.Now()}
	now.cpu, err = parseCPU(string(stat))
	now.rss, now.peakRSS = parseKiB(string(status), "VmRSS:"), parseKiB(string(status), "VmHWM:")
	return now, err
}

const tick = 10 * time.Millisecond // USER_HZ

// parseCPU adds utime and stime of /proc/PID/stat, whose second field may have spaces in it.
func parseCPU(stat string) (time.Duration, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat: %q", stat)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, err
}

// parseKiB returns the bytes of a line of /proc/PID/status, 0 when there is none.
func parseKiB(status, name string) int64 {
	_, rest, found := strings.Cut(status, name)
	if !found {
		return 0
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0
	}
	return kib * 1024
}

// meter samples the gateway until it is read; sampling lasts a second each time.
type meter struct {
	stop   chan struct{}
	result chan metered
}

// metered is in cores, and bytes.
type metered struct {
	mean, peak float64
	last       usage
}

func (g *gatewayProcess) startMeter() (*meter, error) {
	first, err := g.usage()
	if err != nil {
		return nil, err
	}
	m := &meter{stop: make(chan struct{}), result: make(chan metered, 1)}
	go func() {
		seen := []usage{first}
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for going := true; going; {
			select {
			case <-m.stop:
				going = false
			case <-ticker.C:
			}
			if now, err := g.usage(); err == nil {
				seen = append(seen, now)
			}
		}
		m.result <- summarize(seen)
	}()
	return m, nil
}

func (m *meter) read() metered {
	close(m.stop)
	return <-m.result
}

// summarize leaves out of the peak what is shorter than half a second: the last sample often is.
func summarize(seen []usage) metered {
	first, last := seen[0], seen[len(seen)-1]
	result := metered{mean: cores(first, last), last: last}
	for i := 1; i < len(seen); i++ {
		if seen[i].at.Sub(seen[i-1].at) >= time.Second/2 {
			result.peak = max(result.peak, cores(seen[i-1], seen[i]))
		}
	}
	result.peak = max(result.peak, result.mean)
	return result
}

func cores(from, to usage) float64 {
	lasted := to.at.Sub(from.at)
	if lasted <= 0 {
		return 0
	}
	return float64(to.cpu-from.cpu) / float64(lasted)
}
