// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const (
	listenPause = 20 * time.Millisecond
	// The sockets of one program do not open all at once.
	settlePause = 50 * time.Millisecond
)

// watchReadiness follows the container's probe; without one, it is ready as soon as it listens.
func (c *container) watchReadiness(life context.Context, address string, notify func()) {
	for life.Err() == nil {
		ready, pause := c.isReady(address)
		if c.setReady(ready) {
			notify()
		}
		select {
		case <-life.Done():
		case <-time.After(pause):
		}
	}
}

// isReady also says when to ask again.
func (c *container) isReady(address string) (bool, time.Duration) {
	pid := c.pid()
	if pid == 0 {
		return false, listenPause
	}
	if c.probe == nil {
		if c.listens(pid) {
			return true, time.Second
		}
		return false, listenPause
	}
	period := max(time.Duration(c.probe.PeriodSeconds)*time.Second, time.Second)
	if ready := c.passes(address); !ready && !c.isNowReady() {
		return false, period / 4 // a start is noticed soon
	} else {
		return ready, period
	}
}

func (c *container) isNowReady() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.ready
}

func (c *container) passes(address string) bool {
	patience := max(time.Duration(c.probe.TimeoutSeconds)*time.Second, time.Second)
	switch {
	case c.probe.HTTPGet != nil:
		return passesHTTP(c.probe.HTTPGet, address, c.portText(c.probe.HTTPGet.Port), patience)
	case c.probe.TCPSocket != nil:
		connection, err := net.DialTimeout("tcp", net.JoinHostPort(address, c.portText(c.probe.TCPSocket.Port)), patience)
		if err != nil {
			return false
		}
		_ = connection.Close()
		return true
	}
	return true // no other probe is emulated
}

func passesHTTP(get *corev1.HTTPGetAction, address, port string, patience time.Duration) bool {
	if get.Host != "" {
		address = get.Host
	}
	scheme := strings.ToLower(string(get.Scheme))
	if scheme == "" {
		scheme = "http"
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // as a kubelet does
	}}
	answer, err := client.Get(fmt.Sprintf("%s://%s%s", scheme, net.JoinHostPort(address, port), get.Path))
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode >= 200 && answer.StatusCode < 400
}

// portText resolves the name of one of the container's ports.
func (c *container) portText(port intstr.IntOrString) string {
	for _, declared := range c.ports {
		if port.Type == intstr.String && declared.Name == port.StrVal {
			return strconv.Itoa(int(declared.ContainerPort))
		}
	}
	return port.String()
}

func (c *container) listens(pid int) bool {
	if c.isNowReady() {
		return true
	}
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		if hasListener(fmt.Sprintf("/proc/%d/net/%s", pid, table)) {
			time.Sleep(settlePause)
			return true
		}
	}
	return false
}

// hasListener reads a table of sockets: of UDP any will do, of TCP one in the state LISTEN.
func hasListener(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Scan() // the heading
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > 3 && (strings.Contains(path, "/udp") || fields[3] == "0A") {
			return true
		}
	}
	return false
}
