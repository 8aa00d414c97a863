// SPDX-License-Identifier: Apache-2.0

// Package network is the pods' network: a bridge, and for each pod a network namespace with an address on it.
package network

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

const (
	bridgeName = "pods"
	prefixBits = 16
	firstPod   = "10.88.1.1"
	firstFront = "10.88.250.1"
)

// BridgeAddress is where pods find what listens outside of them.
const BridgeAddress = "10.88.0.1"

// Network hands out addresses and namespaces. Safe for several goroutines.
type Network struct {
	bridge netlink.Link
	mutex  sync.Mutex
	next   netip.Addr
	front  netip.Addr
	serial int
}

// Pod is a network namespace with one address; it lives until Close.
type Pod struct {
	Address string
	space   netns.NsHandle
	link    netlink.Link
}

// New brings up loopback and the bridge in the namespace of this process.
func New() (*Network, error) {
	if err := bringUp("lo"); err != nil {
		return nil, err
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name = bridgeName
	bridge := &netlink.Bridge{LinkAttrs: attributes}
	if err := netlink.LinkAdd(bridge); err != nil {
		return nil, fmt.Errorf("bridge: %w", err)
	}
	if err := netlink.AddrAdd(bridge, hostAddress(BridgeAddress)); err != nil {
		return nil, fmt.Errorf("address of the bridge: %w", err)
	}
	return &Network{bridge: bridge, next: netip.MustParseAddr(firstPod), front: netip.MustParseAddr(firstFront)},
		netlink.LinkSetUp(bridge)
}

// NewAddress gives the bridge one more address.
func (n *Network) NewAddress() (string, error) {
	n.mutex.Lock()
	address := n.front.String()
	n.front = n.front.Next()
	n.mutex.Unlock()
	return address, netlink.AddrAdd(n.bridge, hostAddress(address))
}

// RemoveAddress takes back one of NewAddress.
func (n *Network) RemoveAddress(address string) { _ = netlink.AddrDel(n.bridge, hostAddress(address)) }

// NewPod makes a namespace that hangs on the bridge.
func (n *Network) NewPod() (*Pod, error) {
	n.mutex.Lock()
	address, serial := n.next.String(), n.serial
	n.next, n.serial = n.next.Next(), n.serial+1
	n.mutex.Unlock()

	space, err := newNamespace()
	if err != nil {
		return nil, fmt.Errorf("network namespace: %w", err)
	}
	pod := &Pod{Address: address, space: space}
	attributes := netlink.NewLinkAttrs()
	attributes.Name = fmt.Sprintf("pod%d", serial)
	attributes.MasterIndex = n.bridge.Attrs().Index
	pair := &netlink.Veth{LinkAttrs: attributes, PeerName: "eth0", PeerNamespace: netlink.NsFd(space)}
	if err := netlink.LinkAdd(pair); err != nil {
		pod.Close()
		return nil, fmt.Errorf("veth pair: %w", err)
	}
	pod.link = pair
	if err := netlink.LinkSetUp(pair); err != nil {
		pod.Close()
		return nil, err
	}
	if err := pod.configure(); err != nil {
		pod.Close()
		return nil, fmt.Errorf("address %s: %w", address, err)
	}
	return pod, nil
}

// File is the namespace for a process to join; the caller closes it.
func (p *Pod) File() (*os.File, error) {
	copied, err := unix.FcntlInt(uintptr(p.space), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(copied), "network namespace"), nil
}

// Close takes the pod off the network; the namespace goes with its last process.
func (p *Pod) Close() {
	if p.link != nil {
		_ = netlink.LinkDel(p.link)
	}
	_ = p.space.Close()
}

func (p *Pod) configure() error {
	inside, err := netlink.NewHandleAt(p.space)
	if err != nil {
		return err
	}
	defer inside.Close()
	for _, name := range []string{"lo", "eth0"} {
		link, err := inside.LinkByName(name)
		if err != nil {
			return err
		}
		if err := inside.LinkSetUp(link); err != nil {
			return err
		}
		if name == "lo" {
			continue
		}
		if err := inside.AddrAdd(link, hostAddress(p.Address)); err != nil {
			return err
		}
	}
	return inside.RouteAdd(&netlink.Route{Gw: net.ParseIP(BridgeAddress)})
}

// newNamespace leaves this goroutine's thread to die with the goroutine: a thread that has been in another namespace
// is not given back.
func newNamespace() (netns.NsHandle, error) {
	type outcome struct {
		space netns.NsHandle
		err   error
	}
	done := make(chan outcome)
	go func() {
		runtime.LockOSThread()
		space, err := netns.New()
		if err == nil {
			// As container runtimes have it: any user may bind port 80 of a pod.
			err = os.WriteFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", []byte("0"), 0)
		}
		done <- outcome{space, err}
	}()
	got := <-done
	return got.space, got.err
}

func bringUp(name string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return netlink.LinkSetUp(link)
}

func hostAddress(address string) *netlink.Addr {
	return &netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP(address), Mask: net.CIDRMask(prefixBits, 32)}}
}
