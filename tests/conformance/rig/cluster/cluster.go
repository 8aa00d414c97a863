// SPDX-License-Identifier: Apache-2.0

// Package cluster puts the parts of the rig together: network, control plane, definitions, process kubelet.
package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"k8s.io/client-go/kubernetes"

	"gatehouse.dev/tests/conformance/rig/balancer"
	"gatehouse.dev/tests/conformance/rig/controlplane"
	"gatehouse.dev/tests/conformance/rig/dns"
	"gatehouse.dev/tests/conformance/rig/gateway"
	"gatehouse.dev/tests/conformance/rig/kubelet"
	"gatehouse.dev/tests/conformance/rig/network"
	"gatehouse.dev/tests/conformance/rig/sandbox"
)

const apiPort = "6443"

// Options of a cluster.
type Options struct {
	Programs    string   // folder of etcd, kube-apiserver, echo-basic and so on, and of crds-VERSION
	Gatehouse   string   // what pods of our image run
	Output      string   // folder for logs and kubeconfig
	GatewayAPI  string   // version of the Gateway API's CRDs
	Definitions []string // further folders of CRDs
}

// Cluster is a control plane with one emulated node.
type Cluster struct {
	*controlplane.ControlPlane
	Kubelet *kubelet.Kubelet
	Network *network.Network
	options Options
}

// Start brings up all of it but the gateway; the GatewayClass is there. Only inside of the sandbox.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	state := filepath.Join(options.Output, "state")
	if err := sandbox.Prepare(state); err != nil {
		return nil, err
	}
	pods, err := network.New()
	if err != nil {
		return nil, err
	}
	plane, err := controlplane.Start(ctx, controlplane.Options{
		Programs: options.Programs, State: filepath.Join(state, "control-plane"), Logs: options.Output,
	})
	if err != nil {
		return nil, err
	}
	started := &Cluster{ControlPlane: plane, Network: pods, options: options}
	if err := started.fill(ctx, filepath.Join(state, "pods")); err != nil {
		started.Stop()
		return nil, err
	}
	return started, nil
}

// HostKubeconfig is for use outside of the sandbox.
func (c *Cluster) HostKubeconfig() string { return filepath.Join(c.options.Output, "kubeconfig") }

func (c *Cluster) fill(ctx context.Context, podState string) error {
	folders := append([]string{filepath.Join(c.options.Programs, "crds-"+c.options.GatewayAPI)}, c.options.Definitions...)
	if err := c.InstallDefinitions(ctx, folders...); err != nil {
		return err
	}
	config, err := c.Config()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	images, err := c.images()
	if err != nil {
		return err
	}
	c.Kubelet, err = kubelet.Start(ctx, kubelet.Options{
		Client: client, Network: c.Network, Images: images,
		State: podState, Logs: filepath.Join(c.options.Output, "pods"),
		APIHost: network.BridgeAddress, APIPort: apiPort,
	})
	if err != nil {
		return err
	}
	if err := balancer.Start(ctx, client, c.Network); err != nil {
		return err
	}
	if err := gateway.MakeClass(ctx, config); err != nil {
		return fmt.Errorf("GatewayClass: %w", err)
	}
	return c.openToHost()
}

func (c *Cluster) images() ([]kubelet.Image, error) {
	own, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return []kubelet.Image{
		{Contains: "/echo-basic:", Program: []string{filepath.Join(c.options.Programs, "echo-basic")}},
		{Contains: "/coredns:", Program: []string{own, dns.Command}},
		{Contains: "gatehouse", Program: []string{c.options.Gatehouse}, Whole: true},
	}, nil
}

// openToHost lets in who connects to the API server from outside.
func (c *Cluster) openToHost() error {
	listener, err := sandbox.HostListener()
	if err != nil {
		return err
	}
	go func() {
		for {
			outside, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				inside, err := net.Dial("tcp4", "127.0.0.1:"+apiPort)
				if err != nil {
					_ = outside.Close()
					return
				}
				network.Relay(outside, inside)
			}()
		}
	}()
	return c.WriteKubeconfig(c.HostKubeconfig(), "https://127.0.0.1:"+sandbox.HostPort())
}
