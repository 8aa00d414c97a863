// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// What one container has printed is kept in memory, up to this many lines, and in a file for good.
const maxLines = 100_000

type logLine struct {
	at   time.Time
	text []byte // with its line feed
}

// logSink takes what one container prints, over all its starts.
type logSink struct {
	mutex   sync.Mutex
	partial []byte
	lines   []logLine
	file    *os.File
	grown   chan struct{} // closed and made anew at each line
}

// logStore has the sinks of all containers, also of those that are gone.
type logStore struct {
	folder string
	mutex  sync.Mutex
	sinks  map[string]*logSink
}

func newLogStore(folder string) *logStore {
	return &logStore{folder: folder, sinks: map[string]*logSink{}}
}

func (s *logStore) open(namespace, pod, container string) *logSink {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	key := namespace + "/" + pod + "/" + container
	if found, is := s.sinks[key]; is {
		return found
	}
	made := &logSink{grown: make(chan struct{})}
	if os.MkdirAll(s.folder, 0o755) == nil {
		// Without a file the lines are still in memory.
		made.file, _ = os.Create(filepath.Join(s.folder, namespace+"_"+pod+"_"+container+".log"))
	}
	s.sinks[key] = made
	return made
}

func (s *logSink) Write(text []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.file != nil {
		_, _ = s.file.Write(text)
	}
	s.partial = append(s.partial, text...)
	for {
		end := bytes.IndexByte(s.partial, '\n')
		if end < 0 {
			return len(text), nil
		}
		s.lines = append(s.lines, logLine{time.Now(), bytes.Clone(s.partial[:end+1])})
		s.partial = s.partial[end+1:]
		if len(s.lines) > maxLines {
			s.lines = s.lines[len(s.lines)-maxLines/2:]
		}
		close(s.grown)
		s.grown = make(chan struct{})
	}
}

// since copies the lines from a time on, and says when to look again.
func (s *logSink) since(start time.Time) ([]logLine, <-chan struct{}) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	from := len(s.lines)
	for from > 0 && !s.lines[from-1].at.Before(start) {
		from--
	}
	return append([]logLine{}, s.lines[from:]...), s.grown
}

// serve answers /containerLogs/NAMESPACE/POD/CONTAINER to the API server, which does not ask who we are.
func (s *logStore) serve() (int, error) {
	certificate, err := selfSigned()
	if err != nil {
		return 0, err
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		return 0, err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", s.answer)
	go func() { _ = http.Serve(listener, routes) }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (s *logStore) answer(to http.ResponseWriter, request *http.Request) {
	key := request.PathValue("namespace") + "/" + request.PathValue("pod") + "/" + request.PathValue("container")
	s.mutex.Lock()
	sink, found := s.sinks[key]
	s.mutex.Unlock()
	if !found {
		http.Error(to, "no such container", http.StatusNotFound)
		return
	}
	query := request.URL.Query()
	start, err := startOf(query.Get("sinceTime"), query.Get("sinceSeconds"))
	if err != nil {
		http.Error(to, err.Error(), http.StatusBadRequest)
		return
	}
	lines, grown := sink.since(start)
	if tail, err := strconv.Atoi(query.Get("tailLines")); err == nil && tail < len(lines) {
		lines = lines[len(lines)-tail:]
	}
	stamps := query.Get("timestamps") == "true"
	writeLines(to, lines, stamps)
	if query.Get("follow") == "true" {
		follow(request.Context(), to, sink, grown, stamps)
	}
}

func follow(ctx context.Context, to http.ResponseWriter, sink *logSink, grown <-chan struct{}, stamps bool) {
	last := time.Now()
	for {
		_ = http.NewResponseController(to).Flush()
		select {
		case <-ctx.Done():
			return
		case <-grown:
		}
		var lines []logLine
		lines, grown = sink.since(last)
		writeLines(to, lines, stamps)
		if len(lines) > 0 {
			last = lines[len(lines)-1].at.Add(1)
		}
	}
}

func writeLines(to http.ResponseWriter, lines []logLine, stamps bool) {
	for _, line := range lines {
		if stamps {
			_, _ = to.Write([]byte(line.at.UTC().Format(time.RFC3339Nano) + " "))
		}
		_, _ = to.Write(line.text)
	}
}

func startOf(since, seconds string) (time.Time, error) {
	if since != "" {
		return time.Parse(time.RFC3339, since)
	}
	if seconds != "" {
		count, err := strconv.Atoi(seconds)
		return time.Now().Add(-time.Duration(count) * time.Second), err
	}
	return time.Time{}, nil
}

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(30 * 24 * time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, err
}
