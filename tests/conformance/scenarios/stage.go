// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/dynamic"

	"gatehouse.dev/tests/conformance/rig/cluster"
	"gatehouse.dev/tests/conformance/rig/gateway"
)

const pollPause = 20 * time.Millisecond

// Stage is what one scenario plays on: a namespace and gateways of its own in the cluster of all scenarios. Whatever
// goes wrong ends the scenario by a panic that perform() turns into its error.
type Stage struct {
	*cluster.Cluster
	ctx       context.Context
	client    dynamic.Interface
	order     order
	name      string
	namespace string
	replicas  []*gateway.Gateway
	cleanups  []func()
	notes     []string
}

type failure struct{ error }

func perform(ctx context.Context, up *cluster.Cluster, order order, each scenario) (notes []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, each.limit)
	defer cancel()
	config, err := up.Config()
	if err != nil {
		return nil, err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	stage := &Stage{Cluster: up, ctx: ctx, client: client, order: order, name: each.name, namespace: "s-" + each.name}
	err = stage.guard(func() {
		stage.applyTo("", fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", stage.namespace))
		each.play(stage)
	})
	// What is left over has to go even when the scenario's time is up.
	rest, cancelRest := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancelRest()
	stage.ctx = rest
	err = errors.Join(err, stage.stopReplicas(), stage.guard(stage.cleanUp))
	return stage.notes, err
}

func (s *Stage) guard(part func()) (err error) {
	defer func() {
		switch caught := recover().(type) {
		case nil:
		case failure:
			err = caught.error
		default:
			panic(caught)
		}
	}()
	part()
	return nil
}

func (s *Stage) fail(format string, values ...any) { panic(failure{fmt.Errorf(format, values...)}) }

func (s *Stage) check(err error) {
	if err != nil {
		panic(failure{err})
	}
}

// note is shown with the verdict: the numbers behind it.
func (s *Stage) note(format string, values ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, values...))
}

// later is done at the end, last first, whatever happened.
func (s *Stage) later(cleanup func()) { s.cleanups = append(s.cleanups, cleanup) }

func (s *Stage) cleanUp() {
	var all error
	for i := len(s.cleanups) - 1; i >= 0; i-- {
		all = errors.Join(all, s.guard(s.cleanups[i]))
	}
	s.check(all)
	s.remove("Namespace", s.namespace)
	s.await(45*time.Second, "the namespace is gone", func() error {
		if s.exists("Namespace", s.namespace) {
			return errors.New("it is still there")
		}
		return nil
	})
}

// start runs one more replica, with a Lease that is the scenario's own.
func (s *Stage) start(arguments ...string) *gateway.Gateway {
	return s.startBy(s.Kubeconfig(), arguments...)
}

func (s *Stage) startBy(kubeconfig string, arguments ...string) *gateway.Gateway {
	logs := filepath.Join(s.order.Output, s.name)
	s.check(os.MkdirAll(logs, 0o755))
	if len(s.replicas) == 0 {
		old, _ := filepath.Glob(filepath.Join(logs, "*.log"))
		for _, path := range old {
			s.check(os.Remove(path))
		}
	}
	started, err := gateway.Start(s.ctx, gateway.Options{
		Program: s.order.Gatehouse, Kubeconfig: kubeconfig, Logs: logs, Replica: len(s.replicas),
		Arguments: append([]string{"--lease", s.namespace + "/gatehouse", "--drain-delay", "0s"}, arguments...),
	})
	if started != nil {
		s.replicas = append(s.replicas, started)
	}
	s.check(err)
	return started
}

// release takes a replica out of those that stopReplicas() looks after: it has ended as it should.
func (s *Stage) release(gone *gateway.Gateway) {
	for i, each := range s.replicas {
		if each == gone {
			s.replicas[i] = nil
		}
	}
}

func (s *Stage) stopReplicas() error {
	var all error
	for _, each := range s.replicas {
		if each != nil {
			all = errors.Join(all, each.Stop())
		}
	}
	return all
}

// await returns how long it took until `holds` had no complaint.
func (s *Stage) await(limit time.Duration, what string, holds func() error) time.Duration {
	began := time.Now()
	for {
		err := holds()
		if err == nil {
			return time.Since(began)
		}
		if time.Since(began) > limit || s.ctx.Err() != nil {
			s.fail("not within %s: %s: %w", limit, what, err)
		}
		s.sleep(pollPause)
	}
}

func (s *Stage) sleep(pause time.Duration) {
	select {
	case <-s.ctx.Done():
	case <-time.After(pause):
	}
}

// kubectl is for what a user would type.
func (s *Stage) kubectl(arguments ...string) string {
	command := exec.CommandContext(s.ctx, filepath.Join(s.order.Programs, "kubectl"), arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+s.Kubeconfig())
	text, err := command.CombinedOutput()
	if err != nil {
		s.fail("kubectl %s: %w: %s", strings.Join(arguments, " "), err, text)
	}
	return string(text)
}
