// SPDX-License-Identifier: Apache-2.0

package network

import (
	"io"
	"net"
)

type halfCloser interface{ CloseWrite() error }

// Relay passes bytes both ways until both directions have ended, and closes both connections.
func Relay(one, other net.Conn) {
	defer one.Close()
	defer other.Close()
	done := make(chan struct{})
	go func() {
		pass(one, other)
		close(done)
	}()
	pass(other, one)
	<-done
}

func pass(from, to net.Conn) {
	_, err := io.Copy(to, from)
	if half, can := to.(halfCloser); can && err == nil {
		_ = half.CloseWrite()
		return
	}
	_ = to.Close()
}
