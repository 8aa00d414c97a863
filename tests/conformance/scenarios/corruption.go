// SPDX-License-Identifier: Apache-2.0

package main

func playCorruption(s *Stage) { s.fail("not yet") }
