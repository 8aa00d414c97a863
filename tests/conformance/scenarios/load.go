// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

const exchangeTimeout = 10 * time.Second

// Load sends requests at a steady rate over connections that are kept, and counts what became of them. Nothing is
// tried twice: a request that was written and got no 200 has failed.
type Load struct {
	target  target
	stop    chan struct{}
	workers sync.WaitGroup
	began   time.Time
	mutex   sync.Mutex
	outcome outcome
}

type target struct {
	address string // host:port
	host    string // of the Host field
}

type outcome struct {
	good, bad   int
	connections int
	reasons     map[string]int
	firstBad    time.Duration // since the load began
	longest     time.Duration
	rate        float64
}

func (o outcome) String() string {
	return fmt.Sprintf("%d requests at %.0f/s, %d failed, slowest %s, %d connections %v",
		o.good+o.bad, o.rate, o.bad, o.longest.Round(time.Millisecond), o.connections, o.reasons)
}

// startLoad opens `connections` connections that share `rate` requests per second.
func startLoad(to target, rate, connections int) *Load {
	load := &Load{target: to, stop: make(chan struct{}), began: time.Now(), outcome: outcome{reasons: map[string]int{}}}
	pause := time.Duration(connections) * time.Second / time.Duration(rate)
	for i := range connections {
		load.workers.Go(func() { load.work(load.began.Add(pause*time.Duration(i)/time.Duration(connections)), pause) })
	}
	return load
}

// end stops the load and returns the counts.
func (l *Load) end() outcome {
	close(l.stop)
	l.workers.Wait()
	l.outcome.rate = float64(l.outcome.good+l.outcome.bad) / time.Since(l.began).Seconds()
	return l.outcome
}

// expectNoFailures ends the load; a machine that is too busy for the rate is none of the gateway's fault, but a load
// that hardly ran shows nothing.
func (s *Stage) expectNoFailures(load *Load, rate int) {
	got := load.end()
	s.note("%s", got)
	if got.bad > 0 {
		s.fail("%d of %d requests failed, the first after %s: %v", got.bad, got.good+got.bad, got.firstBad, got.reasons)
	}
	if got.rate < float64(rate)/3 {
		s.fail("only %.0f requests per second were sent, not %d", got.rate, rate)
	}
}

func (l *Load) work(next time.Time, pause time.Duration) {
	var open *connection
	for {
		select {
		case <-l.stop:
			if open != nil {
				_ = open.Close()
			}
			return
		case <-time.After(time.Until(next)):
		}
		next = next.Add(pause)
		if late := time.Since(next); late > time.Second {
			next = time.Now()
		}
		began := time.Now()
		after, err := l.exchange(open)
		l.count(time.Since(began), open != after && after != nil, err)
		open = after
	}
}

func (l *Load) count(took time.Duration, isNew bool, err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.outcome.longest = max(l.outcome.longest, took)
	if isNew {
		l.outcome.connections++
	}
	if err == nil {
		l.outcome.good++
		return
	}
	if l.outcome.bad == 0 {
		l.outcome.firstBad = time.Since(l.began).Round(time.Millisecond)
	}
	l.outcome.bad++
	l.outcome.reasons[err.Error()]++
}

type connection struct {
	net.Conn
	reader *bufio.Reader
}

// exchange returns the connection for the next request, nil when there has to be a new one.
func (l *Load) exchange(open *connection) (*connection, error) {
	if open != nil && open.hasEnded() {
		_ = open.Close()
		open = nil
	}
	if open == nil {
		made, err := net.DialTimeout("tcp4", l.target.address, exchangeTimeout)
		if err != nil {
			return nil, fmt.Errorf("connect: %w", reason(err))
		}
		open = &connection{Conn: made, reader: bufio.NewReader(made)}
	}
	stays, err := open.ask(l.target.host)
	if err != nil || !stays {
		_ = open.Close()
		return nil, err
	}
	return open, nil
}

func (c *connection) ask(host string) (stays bool, err error) {
	_ = c.SetDeadline(time.Now().Add(exchangeTimeout))
	if _, err := fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host); err != nil {
		return false, fmt.Errorf("write: %w", reason(err))
	}
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return false, fmt.Errorf("read: %w", reason(err))
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return false, fmt.Errorf("body: %w", reason(err))
	}
	if answer.StatusCode != http.StatusOK {
		return !answer.Close, fmt.Errorf("status %d", answer.StatusCode)
	}
	return !answer.Close, nil
}

// hasEnded says whether the other side closed a connection that nothing was under way on: no failure of a request.
func (c *connection) hasEnded() bool {
	raw, err := c.Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return true
	}
	ended := false
	err = raw.Read(func(fd uintptr) bool {
		var byte1 [1]byte
		n, _, err := syscall.Recvfrom(int(fd), byte1[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		ended = err == nil && n == 0 || err != nil && !errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err != nil || ended
}

// reason is an error without addresses, so that equal ones are counted together.
func reason(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return errors.New("timeout")
	}
	return err
}

// ask sends one request on a connection of its own, as a client that has just come.
func ask(to target) error {
	alone := Load{target: to}
	open, err := alone.exchange(nil)
	if open != nil {
		_ = open.Close()
	}
	return err
}
