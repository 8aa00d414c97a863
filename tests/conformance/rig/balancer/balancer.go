// SPDX-License-Identifier: Apache-2.0

// Package balancer plays the load balancer of a cloud: each Service of type LoadBalancer gets an address on the bridge,
// and TCP connections to its ports are relayed to its ready endpoints in turn.
package balancer

import (
	"context"
	"encoding/json"
	"log"
	"net"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"

	"gatehouse.dev/tests/conformance/rig/network"
)

// Balancer serves until its context ends.
type Balancer struct {
	client  kubernetes.Interface
	network *network.Network
	slices  discoverylisters.EndpointSliceLister
	mutex   sync.Mutex
	fronts  map[types.UID]*front
	turn    int
}

// front is what one Service has open.
type front struct {
	address   string
	listeners map[int32]net.Listener
}

// Start watches Services.
func Start(ctx context.Context, client kubernetes.Interface, pods *network.Network) error {
	factory := informers.NewSharedInformerFactory(client, 0)
	balancer := &Balancer{
		client: client, network: pods, fronts: map[types.UID]*front{},
		slices: factory.Discovery().V1().EndpointSlices().Lister(),
	}
	_, err := factory.Core().V1().Services().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { balancer.observe(ctx, object.(*corev1.Service)) },
		UpdateFunc: func(_, object any) { balancer.observe(ctx, object.(*corev1.Service)) },
		DeleteFunc: balancer.forget,
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	return nil
}

func (b *Balancer) observe(ctx context.Context, service *corev1.Service) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer {
		b.close(service.UID)
		return
	}
	open, found := b.fronts[service.UID]
	if !found {
		address, err := b.network.NewAddress()
		if err != nil {
			log.Printf("balancer: %s/%s: %s", service.Namespace, service.Name, err)
			return
		}
		open = &front{address: address, listeners: map[int32]net.Listener{}}
		b.fronts[service.UID] = open
	}
	b.listen(service, open)
	if ingress := service.Status.LoadBalancer.Ingress; len(ingress) != 1 || ingress[0].IP != open.address {
		b.publish(ctx, service, open.address)
	}
}

// listen opens sockets for new ports and closes those of ports that are gone.
func (b *Balancer) listen(service *corev1.Service, open *front) {
	wanted := map[int32]bool{}
	for _, port := range service.Spec.Ports {
		if port.Protocol != corev1.ProtocolTCP {
			continue
		}
		wanted[port.Port] = true
		if open.listeners[port.Port] != nil {
			continue
		}
		listener, err := net.Listen("tcp4", net.JoinHostPort(open.address, strconv.Itoa(int(port.Port))))
		if err != nil {
			log.Printf("balancer: %s/%s: %s", service.Namespace, service.Name, err)
			continue
		}
		open.listeners[port.Port] = listener
		go b.accept(listener, service.Namespace, service.Name, port.Name)
	}
	for port, listener := range open.listeners {
		if !wanted[port] {
			_ = listener.Close()
			delete(open.listeners, port)
		}
	}
}

func (b *Balancer) publish(ctx context.Context, service *corev1.Service, address string) {
	status, err := json.Marshal(map[string]any{"status": map[string]any{
		"loadBalancer": corev1.LoadBalancerStatus{Ingress: []corev1.LoadBalancerIngress{{IP: address}}},
	}})
	if err == nil {
		_, err = b.client.CoreV1().Services(service.Namespace).Patch(ctx, service.Name, types.MergePatchType, status,
			metav1.PatchOptions{}, "status")
	}
	if err != nil {
		log.Printf("balancer: %s/%s: %s", service.Namespace, service.Name, err)
	}
}

func (b *Balancer) forget(object any) {
	if last, isUnknown := object.(cache.DeletedFinalStateUnknown); isUnknown {
		object = last.Obj
	}
	if gone, isService := object.(*corev1.Service); isService {
		b.mutex.Lock()
		defer b.mutex.Unlock()
		b.close(gone.UID)
	}
}

func (b *Balancer) close(uid types.UID) {
	open, found := b.fronts[uid]
	if !found {
		return
	}
	for _, listener := range open.listeners {
		_ = listener.Close()
	}
	b.network.RemoveAddress(open.address)
	delete(b.fronts, uid)
}

func (b *Balancer) accept(listener net.Listener, namespace, service, port string) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			target := b.pick(namespace, service, port)
			if target == "" {
				return
			}
			if endpoint, err := net.Dial("tcp4", target); err == nil {
				network.Relay(client, endpoint)
			}
		}()
	}
}

// pick is empty when there is nobody.
func (b *Balancer) pick(namespace, service, port string) string {
	found, err := b.slices.EndpointSlices(namespace).List(labels.Set{discoveryv1.LabelServiceName: service}.AsSelector())
	if err != nil {
		return ""
	}
	var ready []string
	for _, slice := range found {
		ready = append(ready, readyOf(slice, port)...)
	}
	if len(ready) == 0 {
		return ""
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.turn++
	return ready[b.turn%len(ready)]
}

func readyOf(slice *discoveryv1.EndpointSlice, name string) []string {
	var ready []string
	for _, port := range slice.Ports {
		if port.Name == nil || *port.Name != name || port.Port == nil {
			continue
		}
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
				ready = append(ready, net.JoinHostPort(endpoint.Addresses[0], strconv.Itoa(int(*port.Port))))
			}
		}
	}
	return ready
}
