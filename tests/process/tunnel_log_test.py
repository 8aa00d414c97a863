#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A tunnel's access log line tells of the request that opened it, not of what went through it."""
import json
import socket
import sys
import unittest

sys.dont_write_bytecode = True

from cases import HOST, GatewayCase, HeldBackend  # noqa: E402
from servers import PATIENCE  # noqa: E402

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


class TunnelLog(GatewayCase):
    def open_tunnel(self, backend: HeldBackend, number: int, padding: int) -> tuple[socket.socket, socket.socket]:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        self.addCleanup(client.close)
        client.sendall(f"GET /tunnel/{number}?q={number} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: agent-{number}\r\n"
                       f"X-Request-Id: id-{number}\r\nX-Padding: {'p' * padding}\r\n"
                       "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n".encode())
        server = backend.accept_request()
        self.addCleanup(server.close)
        server.sendall(SWITCHING)
        self.receive(client, len(SWITCHING))
        return client, server

    @staticmethod
    def receive(peer: socket.socket, size: int) -> None:
        while size > 0:
            part = peer.recv(size)
            if not part:
                raise AssertionError("a tunnel ended early")
            size -= len(part)

    def test_the_line_is_of_the_request(self):
        backend = HeldBackend()
        self.addCleanup(backend.close)
        self.write_config(backend.endpoint)
        log = self.folder / "access.log"
        gateway = self.start_gateway("--access-log", str(log), "--workers", "1")
        tunnels = [self.open_tunnel(backend, number, padding=0 if number < 4 else 30_000) for number in range(6)]
        payload = b"PAYLOAD-" * 1000
        for client, server in tunnels * 2:
            client.sendall(payload)
            server.sendall(payload)
        for client, server in tunnels:
            self.receive(client, 2 * len(payload))
            self.receive(server, 2 * len(payload))
        for client, server in tunnels:
            client.close()
            server.close()
        gateway.end()
        lines = {line["path"]: line for line in map(json.loads, log.read_text().splitlines())}
        self.assertEqual({f"/tunnel/{number}" for number in range(6)}, lines.keys())
        for number in range(6):
            line = lines[f"/tunnel/{number}"]
            self.assertEqual(("GET", HOST, f"agent-{number}", f"id-{number}", 101),
                             (line["method"], line["host"], line["user_agent"], line["request_id"], line["status"]))


if __name__ == "__main__":
    unittest.main()
