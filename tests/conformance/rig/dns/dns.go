// SPDX-License-Identifier: Apache-2.0

// Package dns stands for the image of CoreDNS: it answers every question with a response of no records, which is all
// that the suite's UDP test of v1.6 looks at.
package dns

import (
	"net"
)

// Command is the command of this program that answers on port 53.
const Command = "answer-dns"

const (
	headerBytes  = 12
	responseBit  = 0x80
	biggestQuery = 4096
)

// Run returns only with an error.
func Run() error {
	socket, err := net.ListenPacket("udp", ":53")
	if err != nil {
		return err
	}
	buffer := make([]byte, biggestQuery)
	for {
		size, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return err
		}
		if size < headerBytes {
			continue
		}
		buffer[2] |= responseBit
		if _, err := socket.WriteTo(buffer[:size], from); err != nil {
			return err
		}
	}
}
