// SPDX-License-Identifier: Apache-2.0

// Package gateway starts the gateway under test as processes beside the pods.
package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gatehouse.dev/tests/conformance/rig/process"
)

const (
	firstAdminPort = 9901
	startTimeout   = 60 * time.Second
	stopPatience   = 20 * time.Second
)

// Options of one replica.
type Options struct {
	Program    string
	Kubeconfig string
	Logs       string // folder for gatehouse-N.log
	Replica    int
	Arguments  []string // in addition to those that every replica gets
}

// Gateway is one running replica.
type Gateway struct {
	process *process.Process
	admin   string
	log     string
}

// Start starts one replica and returns when it says that it is ready.
func Start(ctx context.Context, options Options) (*Gateway, error) {
	admin := fmt.Sprintf("127.0.0.1:%d", firstAdminPort+options.Replica)
	log := filepath.Join(options.Logs, fmt.Sprintf("gatehouse-%d.log", options.Replica))
	started, err := process.Start(process.Program{
		Path: options.Program,
		Arguments: append([]string{
			"run", "--kubernetes", "--kubeconfig", options.Kubeconfig, "--address-pool", "127.64.0.0/16",
			"--admin-address", admin, "--output", "off",
		}, options.Arguments...),
		Log: log,
		// Of several replicas each has its name; state is kept nowhere.
		Variables: []string{fmt.Sprintf("HOSTNAME=gatehouse-%d", options.Replica)},
	})
	if err != nil {
		return nil, err
	}
	gateway := &Gateway{process: started, admin: admin, log: log}
	return gateway, gateway.awaitReady(ctx)
}

// Admin is the address of the replica's admin port.
func (g *Gateway) Admin() string { return g.admin }

// PID is that of the process, inside the rig.
func (g *Gateway) PID() int { return g.process.PID() }

// Ended is closed when the process is gone.
func (g *Gateway) Ended() <-chan struct{} { return g.process.Ended() }

// Stop lets it drain; that it does not end in time, or not well, is an error.
func (g *Gateway) Stop() error {
	select {
	case <-g.process.Ended():
		return fmt.Errorf("the gateway ended by itself with code %d: see %s", g.process.ExitCode(), g.log)
	default:
	}
	if !g.process.Stop(stopPatience) {
		evidence := g.describe()
		g.process.Kill()
		return fmt.Errorf("the gateway did not end within %s of SIGTERM: see %s", stopPatience, evidence)
	}
	if code := g.process.ExitCode(); code != 0 && !g.cutOff() {
		return fmt.Errorf("the gateway ended with code %d: see %s", code, g.log)
	}
	return nil
}

// cutOff says whether the drain timeout ended it: backends of the suite are killed, and their last words may be lost.
func (g *Gateway) cutOff() bool {
	text, err := os.ReadFile(g.log)
	return err == nil && g.process.ExitCode() == 1 && strings.Contains(tail(text), "open connections are cut off")
}

// Kill ends it without warning.
func (g *Gateway) Kill() { g.process.Kill() }

func (g *Gateway) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if isReady(ctx, g.admin) {
			return nil
		}
		select {
		case <-g.process.Ended():
			text, _ := os.ReadFile(g.log)
			return fmt.Errorf("the gateway ended with code %d: %s", g.process.ExitCode(), tail(text))
		case <-ctx.Done():
			return fmt.Errorf("the gateway is not ready: see %s", g.log)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// describe writes down what the process still has open, and returns where.
func (g *Gateway) describe() string {
	path := strings.TrimSuffix(g.log, ".log") + "-open.txt"
	file, err := os.Create(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	for _, table := range []string{"tcp", "udp"} {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", g.PID(), table))
		_, _ = file.Write(text)
	}
	client := http.Client{Timeout: time.Second}
	answer, err := client.Get("http://" + g.admin + "/metrics")
	if err != nil {
		return path
	}
	defer answer.Body.Close()
	_, _ = io.Copy(file, answer.Body)
	return path
}

func isReady(ctx context.Context, admin string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func tail(text []byte) string {
	const most = 2000
	return string(text[max(0, len(text)-most):])
}
