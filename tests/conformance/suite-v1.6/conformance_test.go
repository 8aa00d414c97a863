// SPDX-License-Identifier: Apache-2.0

// Package suite is the official conformance suite of Gateway API as a program: `go test -c`.
package suite

import (
	"os"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/gateway-api/conformance"
	"sigs.k8s.io/gateway-api/conformance/tests"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
)

// The suite's own --run-test takes one test and forgets which features there are: GATEHOUSE_TESTS takes several, and
// skips nothing silently.
func TestConformance(t *testing.T) {
	if wanted := os.Getenv("GATEHOUSE_TESTS"); wanted != "" {
		keep(t, strings.Split(wanted, ","))
	}
	conformance.RunConformance(t)
}

func keep(t *testing.T, names []string) {
	for _, name := range names {
		if !slices.ContainsFunc(tests.ConformanceTests, func(test suite.ConformanceTest) bool { return test.ShortName == name }) {
			t.Fatalf("the suite has no test %s", name)
		}
	}
	tests.ConformanceTests = slices.DeleteFunc(tests.ConformanceTests, func(test suite.ConformanceTest) bool {
		return !slices.Contains(names, test.ShortName)
	})
}
