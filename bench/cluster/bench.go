// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	admin        = "127.0.0.1:9901"
	writers      = 16 // requests to the API server at once
	shortPause   = 5 * time.Millisecond
	longPatience = 3 * time.Minute
	rowLabel     = "bench.gatehouse.dev/row"
)

// bench is what all rows share: clients, backend, and the gateway of the row that runs.
type bench struct {
	choice
	core       kubernetes.Interface
	objects    dynamic.Interface
	ports      [2]int32 // of the backend
	gateway    *gatewayProcess
	namespaces []string // that the row made
}

func newBench(ctx context.Context, chosen choice) (*bench, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	b := &bench{choice: chosen}
	if b.core, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	if b.objects, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(chosen.output, 0o755); err != nil {
		return nil, err
	}
	if err := b.createObject(ctx, classes, otherClass()); err != nil {
		return nil, err
	}
	return b, b.startBackend()
}

// startBackend answers every request on two ports, which say who they are.
func (b *bench) startBackend() error {
	for i := range b.ports {
		listener, err := net.Listen("tcp", net.JoinHostPort(b.backend, "0"))
		if err != nil {
			return err
		}
		b.ports[i] = int32(listener.Addr().(*net.TCPAddr).Port)
		name := strconv.Itoa(i)
		go func() {
			_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Backend", name)
			}))
		}()
	}
	return nil
}

func (b *bench) startGateway(ctx context.Context) error {
	started, err := startGateway(b.gatehouse, filepath.Join(b.output, "cluster-gatehouse.log"), b.flags)
	if err != nil {
		return err
	}
	b.gateway = started
	return started.awaitReady(ctx)
}

func (b *bench) stopGateway() error { return b.gateway.stop() }

func (b *bench) addNamespace(ctx context.Context, name string) error {
	b.namespaces = append(b.namespaces, name)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := b.core.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	return err
}

// clean leaves nothing of a row but its namespaces, empty: ending them would go on into the next row.
func (b *bench) clean(ctx context.Context) error {
	defer func() { b.namespaces = nil }()
	for _, name := range b.namespaces {
		for _, kind := range ownKinds {
			err := b.objects.Resource(kind).Namespace(name).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
			if err != nil {
				return fmt.Errorf("clean %s: %w", name, err)
			}
		}
	}
	return nil
}

// inParallel does work(0) to work(n-1), several at once, and returns the first error.
func inParallel(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	done := make(chan struct{})
	for range writers {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := range next {
				if err := work(ctx, i); err != nil {
					cancel(err)
				}
			}
		}()
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		next <- i
	}
	close(next)
	for range writers {
		<-done
	}
	return context.Cause(ctx)
}

// await asks until the answer is yes.
func await(ctx context.Context, what string, patience, pause time.Duration, ask func() bool) error {
	for end := time.Now().Add(patience); !ask(); {
		if time.Now().After(end) {
			return fmt.Errorf("%s: not within %s", what, patience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return nil
}
