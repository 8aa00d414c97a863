// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"gatehouse.dev/tests/conformance/rig/network"
)

// servers are backends in this process: endpoints that are written by hand lead to them. "first" and "second" answer
// with their name over HTTP, HTTP/2 in clear, gRPC and UDP; the one with TLS answers with the name it was asked by.
type servers struct {
	clear, udp map[form]int // ports
	secure     int
	authority  *authority
}

func (s *Stage) startServers() servers {
	made := servers{clear: map[form]int{}, udp: map[form]int{}}
	for _, each := range []form{first, second} {
		made.clear[each] = s.serveClear(string(each))
		made.udp[each] = s.serveUDP(string(each))
	}
	var err error
	made.authority, err = newAuthority("first")
	s.check(err)
	certificate, key, err := sign(made.authority, "backend", []string{"first.example", "second.example"})
	s.check(err)
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	s.check(err)
	made.secure = s.serveHTTP(&http.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}},
		Handler: http.HandlerFunc(func(out http.ResponseWriter, request *http.Request) {
			name, _, _ := strings.Cut(request.TLS.ServerName, ".")
			_, _ = io.WriteString(out, name)
		}),
	})
	return made
}

func (s *Stage) serveClear(name string) (port int) {
	server := &http.Server{Protocols: &http.Protocols{}, Handler: http.HandlerFunc(
		func(out http.ResponseWriter, request *http.Request) {
			_, _ = io.Copy(io.Discard, request.Body)
			if request.Header.Get("Content-Type") != "application/grpc" {
				_, _ = io.WriteString(out, name)
				return
			}
			out.Header().Set("Content-Type", "application/grpc")
			out.Header().Set("Trailer", "Grpc-Status")
			_, _ = out.Write(grpcMessage(name))
			out.Header().Set("Grpc-Status", "0")
		})}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	return s.serveHTTP(server)
}

func (s *Stage) serveHTTP(server *http.Server) (port int) {
	listener, err := net.Listen("tcp4", network.BridgeAddress+":0")
	s.check(err)
	s.later(func() { _ = server.Close() })
	server.ErrorLog = log.Default()
	go func() {
		if server.TLSConfig != nil {
			_ = server.ServeTLS(listener, "", "")
		} else {
			_ = server.Serve(listener)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func (s *Stage) serveUDP(name string) (port int) {
	socket, err := net.ListenPacket("udp4", network.BridgeAddress+":0")
	s.check(err)
	s.later(func() { _ = socket.Close() })
	go func() {
		var asked [100]byte
		for {
			_, from, err := socket.ReadFrom(asked[:])
			if err != nil {
				return
			}
			_, _ = socket.WriteTo([]byte(name), from)
		}
	}()
	return socket.LocalAddr().(*net.UDPAddr).Port
}

// grpcMessage has the frame that gRPC puts around a message.
func grpcMessage(text string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(text))), text...)
}
