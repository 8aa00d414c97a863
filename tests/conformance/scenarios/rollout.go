// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"
)

// playRollout restarts a backend's pods under load. Nothing is retried: no policy asks for it.
func playRollout(s *Stage) {
	pods, restarts, rate := 20, 3, 2000
	if s.order.quick {
		pods, restarts, rate = 4, 1, 300
	}
	s.start()
	to := s.serve(pods)
	load := startLoad(to, rate, 32)
	for i := range restarts {
		began := time.Now()
		s.patch("Deployment", "echo",
			fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{"restart":"%d"}}}}}`, i))
		s.awaitPods("echo")
		s.note("%d pods replaced within %s", pods, time.Since(began).Round(time.Second))
	}
	// The last of the old pods are still ending.
	s.sleep(4 * time.Second)
	s.expectNoFailures(load, rate)
}
