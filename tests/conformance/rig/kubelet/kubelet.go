// SPDX-License-Identifier: Apache-2.0

// Package kubelet runs pods as plain processes: each pod has a network namespace of its own with an address, each
// container a small root folder with the pod's volumes in it, and a program of this machine in place of its image.
package kubelet

import (
	"context"
	"fmt"
	"log"
	"net"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"gatehouse.dev/tests/conformance/rig/network"
)

// NodeName is the one node there is.
const NodeName = "rig-node"

// Image says which program stands for an image.
type Image struct {
	Contains string   // the image's name contains this
	Program  []string // path and first arguments; a command of the container replaces the latter
	// Whole makes the container more than a listening program: it gets its service account's token, ends by SIGTERM
	// within its grace period, and its mounted volumes follow their sources.
	Whole bool
}

// Options of a kubelet.
type Options struct {
	Client  kubernetes.Interface
	Network *network.Network
	Images  []Image
	State   string // folder for volumes and roots of containers
	Logs    string // folder for what containers print
	APIHost string // where pods find the API server
	APIPort string
}

// Kubelet runs every pod of the cluster; it ends with the context it was started with.
type Kubelet struct {
	options Options
	logs    *logStore
	mutex   sync.Mutex
	pods    map[types.UID]*pod
}

// Start registers the node, serves logs and watches pods.
func Start(ctx context.Context, options Options) (*Kubelet, error) {
	started := &Kubelet{options: options, logs: newLogStore(options.Logs), pods: map[types.UID]*pod{}}
	port, err := started.logs.serve()
	if err != nil {
		return nil, fmt.Errorf("log server: %w", err)
	}
	if err := started.register(ctx, port); err != nil {
		return nil, fmt.Errorf("node: %w", err)
	}
	factory := informers.NewSharedInformerFactory(options.Client, 0)
	informer := factory.Core().V1().Pods().Informer()
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { started.observe(ctx, object.(*corev1.Pod)) },
		UpdateFunc: func(_, object any) { started.observe(ctx, object.(*corev1.Pod)) },
		DeleteFunc: func(object any) { started.forget(object) },
	})
	if err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	return started, nil
}

// Kill ends a pod's processes without telling the API server, as a crash would; they are started again.
func (k *Kubelet) Kill(uid types.UID) bool {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	running, found := k.pods[uid]
	if found {
		running.kill()
	}
	return found
}

func (k *Kubelet) observe(ctx context.Context, object *corev1.Pod) {
	if object.Spec.NodeName != "" && object.Spec.NodeName != NodeName {
		return
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	running, found := k.pods[object.UID]
	if !found {
		if object.Status.Phase == corev1.PodSucceeded || object.Status.Phase == corev1.PodFailed {
			return
		}
		running = newPod(k.options, k.logs, object)
		k.pods[object.UID] = running
		go running.run(ctx)
	}
	if object.DeletionTimestamp != nil {
		running.end(gracePeriod(object))
	}
}

func (k *Kubelet) forget(object any) {
	if last, isUnknown := object.(cache.DeletedFinalStateUnknown); isUnknown {
		object = last.Obj
	}
	gone, isPod := object.(*corev1.Pod)
	if !isPod {
		return
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if running, found := k.pods[gone.UID]; found {
		running.end(0)
		delete(k.pods, gone.UID)
	}
}

// register says where the logs are: the API server asks the node itself for them.
func (k *Kubelet) register(ctx context.Context, port int) error {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name:   NodeName,
		Labels: map[string]string{"kubernetes.io/hostname": NodeName},
	}}
	nodes := k.options.Client.CoreV1().Nodes()
	made, err := nodes.Create(ctx, node, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	made.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}}
	made.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(port)
	made.Status.Conditions = []corev1.NodeCondition{{
		Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "ProcessKubelet",
		LastHeartbeatTime: metav1.Now(), LastTransitionTime: metav1.Now(),
	}}
	made.Status.NodeInfo.KubeletVersion = "process-kubelet"
	_, err = nodes.UpdateStatus(ctx, made, metav1.UpdateOptions{})
	return err
}

func (o Options) imageOf(container corev1.Container) (Image, error) {
	for _, image := range o.Images {
		if strings.Contains(container.Image, image.Contains) {
			return image, nil
		}
	}
	return Image{}, fmt.Errorf("no program stands for the image %s", container.Image)
}

func (o Options) apiVariables() []string {
	return []string{
		"KUBERNETES_SERVICE_HOST=" + o.APIHost, "KUBERNETES_SERVICE_PORT=" + o.APIPort,
		"KUBERNETES_PORT=tcp://" + net.JoinHostPort(o.APIHost, o.APIPort),
	}
}

func say(object *corev1.Pod, format string, values ...any) {
	log.Printf("kubelet: %s/%s: %s", object.Namespace, object.Name, fmt.Sprintf(format, values...))
}
