// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"gatehouse.dev/tests/conformance/rig/network"
)

const (
	retryPause    = 200 * time.Millisecond
	refreshPeriod = 30 * time.Second
	// The last packets of processes that were killed still travel: peers are to learn of their end.
	farewell = 500 * time.Millisecond
)

// pod is one pod from its binding to its deletion: run() is all of its life, in a goroutine of its own.
type pod struct {
	options Options
	logs    *logStore
	object  *corev1.Pod // as it was first seen: what is of interest in it does not change
	started metav1.Time
	folder  string
	network *network.Pod

	mutex      sync.Mutex
	containers []*container
	ending     chan struct{} // closed by end()
	grace      time.Duration
}

func newPod(options Options, logs *logStore, object *corev1.Pod) *pod {
	return &pod{
		options: options,
		logs:    logs,
		object:  object,
		started: metav1.Now(),
		folder:  filepath.Join(options.State, string(object.UID)),
		ending:  make(chan struct{}),
	}
}

// end starts the deletion; a later, shorter grace period shortens an earlier one's only before the processes were told.
func (p *pod) end(grace time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	select {
	case <-p.ending:
	default:
		p.grace = grace
		close(p.ending)
	}
}

func (p *pod) kill() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, running := range p.containers {
		running.kill()
	}
}

func (p *pod) run(ctx context.Context) {
	life, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		select {
		case <-p.ending:
		case <-ctx.Done():
		}
	}()
	if p.persist(life, "binding", p.bind) && p.persist(life, "network", p.connect) &&
		p.persist(life, "volumes", func() error { return p.writeVolumes(life) }) &&
		p.persist(life, "containers", p.prepareContainers) {
		p.live(life)
	}
	p.delete(ctx)
	p.takeDown()
}

// persist tries until it works or the pod ends, as a kubelet does; it says why once for each new reason.
func (p *pod) persist(life context.Context, what string, step func() error) bool {
	said := ""
	for {
		err := step()
		if err == nil {
			return true
		}
		if err.Error() != said && life.Err() == nil {
			said = err.Error()
			say(p.object, "%s: %s", what, said)
		}
		select {
		case <-life.Done():
			return false
		case <-time.After(retryPause):
		}
	}
}

// bind does the scheduler's work.
func (p *pod) bind() error {
	if p.object.Spec.NodeName != "" {
		return nil
	}
	binding := &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: p.object.Name, Namespace: p.object.Namespace, UID: p.object.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: NodeName},
	}
	err := p.options.Client.CoreV1().Pods(p.object.Namespace).Bind(context.Background(), binding, metav1.CreateOptions{})
	if apierrors.IsConflict(err) {
		return nil // bound before, by an earlier try whose answer was lost
	}
	return err
}

func (p *pod) connect() error {
	made, err := p.options.Network.NewPod()
	p.network = made
	return err
}

func (p *pod) prepareContainers() error {
	var made []*container
	for _, spec := range p.object.Spec.Containers {
		prepared, err := p.newContainer(spec)
		if err != nil {
			return err
		}
		made = append(made, prepared)
	}
	p.mutex.Lock()
	p.containers = made
	p.mutex.Unlock()
	return nil
}

// live runs the containers and tells the API server whenever what there is to tell has changed.
func (p *pod) live(life context.Context) {
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	var all sync.WaitGroup
	for _, each := range p.containers {
		all.Go(func() { each.run(life, notify) })
		all.Go(func() { each.watchReadiness(life, p.network.Address, notify) })
	}
	if p.isWhole() {
		all.Go(func() { p.refreshVolumes(life) })
	}
	p.report(life, changed)
	p.mutex.Lock()
	grace := p.grace
	p.mutex.Unlock()
	for _, each := range p.containers {
		all.Go(func() { each.stop(grace) })
	}
	all.Wait()
}

func (p *pod) report(life context.Context, changed <-chan struct{}) {
	said := ""
	for {
		status, err := json.Marshal(map[string]any{"status": p.status()})
		if err == nil && string(status) != said {
			_, err = p.options.Client.CoreV1().Pods(p.object.Namespace).Patch(life, p.object.Name,
				types.MergePatchType, status, metav1.PatchOptions{}, "status")
			if err == nil {
				said = string(status)
			}
		}
		var again <-chan time.Time
		if err != nil {
			again = time.After(retryPause)
		}
		select {
		case <-life.Done():
			return
		case <-changed:
		case <-again:
		}
	}
}

func (p *pod) refreshVolumes(life context.Context) {
	tick := time.NewTicker(refreshPeriod)
	defer tick.Stop()
	for {
		select {
		case <-life.Done():
			return
		case <-tick.C:
			if err := p.writeVolumes(life); err != nil && life.Err() == nil {
				say(p.object, "volumes: %s", err)
			}
		}
	}
}

func (p *pod) isWhole() bool {
	for _, spec := range p.object.Spec.Containers {
		if image, err := p.options.imageOf(spec); err == nil && image.Whole {
			return true
		}
	}
	return false
}

func (p *pod) takeDown() {
	if p.network != nil {
		time.Sleep(farewell)
		p.network.Close()
	}
	_ = os.RemoveAll(p.folder)
}

// delete is what a kubelet does last: the object goes when the processes have gone.
func (p *pod) delete(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	now := int64(0)
	options := metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: metav1.NewUIDPreconditions(string(p.object.UID))}
	p.persist(ctx, "deletion", func() error {
		err := p.options.Client.CoreV1().Pods(p.object.Namespace).Delete(ctx, p.object.Name, options)
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return nil
		}
		return err
	})
}

func gracePeriod(object *corev1.Pod) time.Duration {
	if object.DeletionGracePeriodSeconds == nil {
		return 0
	}
	return time.Duration(*object.DeletionGracePeriodSeconds) * time.Second
}
