// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
)

const exampleFile = "examples/httpbin.yaml"

// playExample does what a user does with the file of the tutorial, in a cluster.
func playExample(s *Stage) {
	s.later(func() { s.kubectl("delete", "-n", "default", "--ignore-not-found", "-f", exampleFile) })
	s.start("--controller-name", "higress.io/gateway-controller")
	s.kubectl("apply", "-f", exampleFile)
	// The file's Service has endpoints on the user's machine; here pods stand behind it.
	s.later(func() {
		s.namespace = "default"
		defer func() { s.namespace = "s-" + s.name }()
		s.remove("Deployment", "httpbin")
	})
	s.applyTo("default", backend("httpbin", 1))
	s.kubectl("wait", "-n", "default", "gateway/main", "--for=condition=Programmed", "--timeout=20s")

	shown := s.kubectl("get", "gateway", "main", "-n", "default")
	lines := strings.Split(strings.TrimSpace(shown), "\n")
	head, values := strings.Fields(lines[0]), strings.Fields(lines[len(lines)-1])
	if len(head) != len(values) {
		s.fail("kubectl get gateway shows a column without a value:\n%s", shown)
	}
	columns := map[string]string{}
	for i, name := range head {
		columns[name] = values[i]
	}
	if columns["PROGRAMMED"] != "True" || columns["ADDRESS"] == "" {
		s.fail("kubectl get gateway shows neither an address nor PROGRAMMED True:\n%s", shown)
	}
	took := s.awaitServed(target{address: columns["ADDRESS"] + ":80", host: "demo.example.com"})
	s.note("ADDRESS %s PROGRAMMED %s, first answer after %s", columns["ADDRESS"], columns["PROGRAMMED"], took)
}
