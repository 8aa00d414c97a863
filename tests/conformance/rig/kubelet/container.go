// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	firstRestartPause = 500 * time.Millisecond
	lastRestartPause  = 10 * time.Second
)

// container is one process of a pod, started again whenever it ends.
type container struct {
	name    string
	image   string
	whole   bool
	probe   *corev1.Probe
	linger  time.Duration // preStop's sleep: it goes on serving for so long after its deletion
	ports   []corev1.ContainerPort
	enter   Enter
	sink    *logSink
	pod     *pod
	mutex   sync.Mutex
	process *os.Process // nil between two starts
	ended   chan struct{}
	ready   bool
	changed metav1.Time
	since   metav1.Time
	starts  int32
}

func (p *pod) newContainer(spec corev1.Container) (*container, error) {
	image, err := p.options.imageOf(spec)
	if err != nil {
		return nil, err
	}
	variables, err := p.variables(spec)
	if err != nil {
		return nil, err
	}
	made := &container{
		name: spec.Name, image: spec.Image, whole: image.Whole, probe: spec.ReadinessProbe, ports: spec.Ports, pod: p,
		sink: p.logs.open(p.object.Namespace, p.object.Name, spec.Name),
	}
	if hooks := spec.Lifecycle; hooks != nil && hooks.PreStop != nil && hooks.PreStop.Sleep != nil {
		made.linger = time.Duration(hooks.PreStop.Sleep.Seconds) * time.Second
	}
	made.enter = Enter{
		Root:      filepath.Join(p.folder, "root-"+spec.Name),
		Program:   image.Program[0],
		Arguments: image.Program[1:],
		Variables: variables,
	}
	if len(spec.Command) > 0 {
		made.enter.Arguments = spec.Command[1:]
	}
	made.enter.Arguments = slices.Concat(made.enter.Arguments, spec.Args)
	made.enter.setUser(p.object.Spec.SecurityContext, spec.SecurityContext)
	for _, mount := range spec.VolumeMounts {
		source := p.volumePath(mount.Name)
		if _, err := os.Stat(source); err != nil {
			continue // a volume this container has no use for
		}
		made.enter.Mounts = append(made.enter.Mounts,
			Mount{Source: filepath.Join(source, mount.SubPath), Target: path.Clean(mount.MountPath)})
	}
	return made, nil
}

// run starts the process again and again until the pod's life is over.
func (c *container) run(life context.Context, notify func()) {
	pause := firstRestartPause
	for life.Err() == nil {
		began := time.Now()
		if err := c.start(); err != nil {
			say(c.pod.object, "%s: %s", c.name, err)
		} else {
			notify()
			<-c.ended
			if life.Err() != nil {
				return
			}
			say(c.pod.object, "%s ended by itself", c.name)
		}
		c.setReady(false)
		notify()
		if time.Since(began) > lastRestartPause {
			pause = firstRestartPause
		}
		select {
		case <-life.Done():
		case <-time.After(pause):
			pause = min(2*pause, lastRestartPause)
		}
	}
}

func (c *container) start() error {
	space, err := c.pod.network.File()
	if err != nil {
		return err
	}
	defer space.Close()
	order, err := json.Marshal(c.enter)
	if err != nil {
		return err
	}
	command := exec.Command("/proc/self/exe", EnterCommand, string(order))
	command.ExtraFiles = []*os.File{space}
	command.Stdout, command.Stderr = c.sink, c.sink
	command.Env = append([]string{"PATH=/usr/local/bin:/usr/bin:/bin"}, c.enter.Variables...)
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Setpgid: true}
	if err := command.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	ended := make(chan struct{})
	c.mutex.Lock()
	c.process, c.ended, c.since = command.Process, ended, metav1.Now()
	c.starts++
	c.mutex.Unlock()
	go func() {
		_ = command.Wait()
		c.mutex.Lock()
		c.process = nil
		c.mutex.Unlock()
		close(ended)
	}()
	return nil
}

// stop ends the process: after its preStop hook at once, or with all of its grace when it is a whole one.
func (c *container) stop(grace time.Duration) {
	c.mutex.Lock()
	running, ended := c.process, c.ended
	c.mutex.Unlock()
	if running == nil {
		return
	}
	if pause := min(c.linger, grace); pause > 0 {
		select {
		case <-ended:
			return
		case <-time.After(pause):
		}
		grace -= pause
	}
	if c.whole && grace > 0 {
		_ = running.Signal(syscall.SIGTERM)
		select {
		case <-ended:
			return
		case <-time.After(grace):
			say(c.pod.object, "%s did not end within %s of SIGTERM", c.name, grace)
		}
	}
	_ = running.Kill()
	<-ended
}

func (c *container) kill() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.process != nil {
		_ = c.process.Kill()
	}
}

func (c *container) pid() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.process == nil {
		return 0
	}
	return c.process.Pid
}

// setReady says whether that was news.
func (c *container) setReady(ready bool) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.ready == ready {
		return false
	}
	c.ready, c.changed = ready, metav1.Now()
	return true
}

func (c *container) lastChange() metav1.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.changed
}

func (c *container) state() corev1.ContainerStatus {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	started := c.process != nil
	state := corev1.ContainerStatus{
		Name: c.name, Image: c.image, ImageID: c.image, Ready: c.ready && started, Started: &started,
		RestartCount: max(c.starts-1, 0),
	}
	if started {
		state.State.Running = &corev1.ContainerStateRunning{StartedAt: c.since}
	} else {
		state.State.Waiting = &corev1.ContainerStateWaiting{Reason: "NotStarted"}
	}
	return state
}
