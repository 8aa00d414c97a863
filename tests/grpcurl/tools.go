// SPDX-License-Identifier: Apache-2.0
// Keeps grpcurl in go.mod: scripts/build-go-tool builds it.

//go:build tools

package tools

import _ "github.com/fullstorydev/grpcurl/cmd/grpcurl"
