// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"fmt"
	"math/rand"
	"time"
)

const (
	mostSecrets    = 5000
	fewestSecrets  = 500
	helmSecretSize = 512 * 1024
	// What etcd, its log and the API server take for each of them.
	memoryPerSecretKiB = 12 * 1024
	memoryLimitKiB     = 10 * 1024
)

// playSecrets fills the cluster with Secrets that nothing refers to, as Helm leaves them.
func playSecrets(s *Stage) {
	replica := s.start()
	to := s.serve(1)
	s.awaitQuiet(replica)
	generation, memory := s.generation(replica), s.residentKiB(replica)

	// base64 of what is random already, as of a compressed release; the API takes it in base64 once more.
	content := make([]byte, helmSecretSize/4*3)
	dice := rand.New(rand.NewSource(1))
	for i := range content {
		content[i] = byte(dice.Intn(256))
	}
	text := base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString(content)))
	release := s.parse("{apiVersion: v1, kind: Secret, type: helm.sh/release.v1, " +
		"metadata: {labels: {owner: helm}}, data: {release: " + text + "}}")[0]
	count := min(max(s.availableKiB()/memoryPerSecretKiB, fewestSecrets), mostSecrets)
	name := func(i int) string { return fmt.Sprintf("sh.helm.release.v1.app.v%d", i) }
	began := time.Now()
	s.inTurns(count, func(i int) {
		object := release.DeepCopy()
		object.SetName(name(i))
		s.createObject(object)
	})
	filled := time.Since(began)
	// A change that is served shows that what came before it was looked at.
	s.sleep(2 * time.Second)
	if after := s.generation(replica); after != generation {
		s.fail("%d Secrets that nothing refers to led from generation %d to %d", count, generation, after)
	}
	s.apply(route("late", "web", "late.example", "echo"))
	s.awaitServed(target{address: to.address, host: "late.example"})
	grown := s.residentKiB(replica) - memory
	s.note("%d Secrets of %d KiB, created within %s: %d KiB more memory, generation unchanged",
		count, helmSecretSize/1024, filled.Round(time.Second), grown)
	if grown > memoryLimitKiB {
		s.fail("%d Secrets cost %d KiB", count, grown)
	}
	s.inTurns(count, func(i int) { s.remove("Secret", name(i)) })
}
