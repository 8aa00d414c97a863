// SPDX-License-Identifier: Apache-2.0
// Keeps h2spec in go.mod: scripts/build-go-tool builds it.

//go:build tools

package tools

import _ "github.com/summerwind/h2spec/cmd/h2spec"
