// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"path/filepath"
	"sync"

	"gatehouse.dev/tests/conformance/rig/network"
)

const apiServer = "127.0.0.1:6443"

// link is a gateway's way to the API server that can be cut while others still reach it.
type link struct {
	address  string
	mutex    sync.Mutex
	listener net.Listener // nil while cut
	open     map[net.Conn]struct{}
}

// newLink also returns a kubeconfig that takes this way.
func (s *Stage) newLink() (*link, string) {
	made := &link{address: "127.0.0.1:0", open: map[net.Conn]struct{}{}}
	s.check(made.mend())
	s.later(made.cut)
	path := filepath.Join(s.order.Output, "state", s.name+".kubeconfig")
	s.check(s.WriteKubeconfig(path, "https://"+made.address))
	return made, path
}

func (l *link) mend() error {
	listener, err := net.Listen("tcp4", l.address)
	if err != nil {
		return err
	}
	l.mutex.Lock()
	l.address, l.listener = listener.Addr().String(), listener
	l.mutex.Unlock()
	go l.accept(listener)
	return nil
}

// cut closes every connection; new ones are refused.
func (l *link) cut() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.listener != nil {
		_ = l.listener.Close()
		l.listener = nil
	}
	for each := range l.open {
		_ = each.Close()
	}
	clear(l.open)
}

func (l *link) accept(listener net.Listener) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			far, err := net.Dial("tcp4", apiServer)
			if err != nil {
				_ = near.Close()
				return
			}
			if !l.hold(listener, near, far) {
				_ = near.Close()
				_ = far.Close()
				return
			}
			network.Relay(near, far)
			l.mutex.Lock()
			delete(l.open, near)
			delete(l.open, far)
			l.mutex.Unlock()
		}()
	}
}

// hold is false when the link was cut meanwhile.
func (l *link) hold(by net.Listener, both ...net.Conn) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.listener != by {
		return false
	}
	for _, each := range both {
		l.open[each] = struct{}{}
	}
	return true
}
