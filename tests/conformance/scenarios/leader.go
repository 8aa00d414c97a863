// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse.dev/tests/conformance/rig/gateway"
)

const (
	takeoverLimit = 15 * time.Second
	handOverLimit = 5 * time.Second
)

// playLeader ends the leader of two replicas twice: without warning, and with (K9).
func playLeader(s *Stage) {
	// One machine has an address once: each replica is reached at its own, as pods are.
	first, second := s.start("--bind", addressOfReplica(0)), s.start("--bind", addressOfReplica(1))
	s.serveAt(target{address: addressOfReplica(0) + ":80", host: "echo.example"}, 2)
	foreign := foreignWriter{stage: s}
	s.check(foreign.write(s.ctx))
	if foreign.writes != 1 {
		s.fail("the other controller's entry could not be written")
	}
	leader, other := s.leaderOf(first, second)
	to := target{address: addressOfReplica(0) + ":80", host: "echo.example"}
	if other == second {
		to.address = addressOfReplica(1) + ":80"
	}
	s.awaitServed(to)
	s.awaitQuiet(leader)
	s.kill(leader)
	began := time.Now()

	// Traffic does not wait for a leader; statuses do.
	load := startLoad(to, 200, 16)
	served, written := s.change("after-kill.example", to.address, began, takeoverLimit)
	s.note("leader killed: change served after %s, in a status after %s", served, written)
	s.expectLeader(other)
	s.expectNoFailures(load, 200)

	replacement := s.start("--bind", addressOfReplica(2))
	to.address = addressOfReplica(2) + ":80"
	s.awaitServed(to)
	if s.leads(replacement) {
		s.fail("two replicas lead")
	}
	load = startLoad(to, 200, 16)
	began = time.Now()
	stopped := make(chan error, 1)
	go func() { stopped <- other.Stop() }()
	served, written = s.change("after-term.example", to.address, began, handOverLimit)
	s.note("leader asked to end: change served after %s, in a status after %s", served, written)
	s.check(<-stopped)
	s.release(other)
	s.expectLeader(replacement)
	s.sleep(time.Second)
	s.expectNoFailures(load, 200)

	if entry := entryOf(s.parents("echo"), foreignController); !hasMessage(entry, foreign.last) {
		s.fail("the other controller's entry was harmed: %v", entry)
	}
}

func addressOfReplica(number int) string { return fmt.Sprintf("127.65.0.%d", number+1) }

func (s *Stage) leaderOf(one, two *gateway.Gateway) (leader, other *gateway.Gateway) {
	s.await(20*time.Second, "one replica leads", func() error {
		first, second := s.leads(one), s.leads(two)
		if first == second {
			return fmt.Errorf("leading: %t and %t", first, second)
		}
		leader, other = one, two
		if second {
			leader, other = two, one
		}
		return nil
	})
	return leader, other
}

func (s *Stage) expectLeader(wanted *gateway.Gateway) {
	if !s.leads(wanted) {
		s.fail("the remaining replica does not lead")
	}
}

func (s *Stage) kill(gone *gateway.Gateway) {
	gone.Kill()
	s.release(gone)
}

// change adds a host to the route. It returns when, since `began`, that was served and its status written.
func (s *Stage) change(host, address string, began time.Time, limit time.Duration) (served, written time.Duration) {
	ctx, cancel := context.WithDeadlineCause(s.ctx, began.Add(limit), errors.New("too late"))
	defer cancel()
	generation := s.patch("HTTPRoute", "echo",
		fmt.Sprintf(`{"spec":{"hostnames":["echo.example",%q]}}`, host)).GetGeneration()
	s.await(2*time.Second, host+" is served", func() error { return ask(target{address: address, host: host}) })
	served = time.Since(began)
	s.await(limit, "the route's status is written", func() error {
		s.check(context.Cause(ctx))
		return follows(s.parents("echo"), generation)
	})
	return served.Round(time.Millisecond), time.Since(began).Round(time.Millisecond)
}
