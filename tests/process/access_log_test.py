#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An access log line tells of the request as it came, whatever became of its buffers and its route meanwhile."""
import json
import socket
import sys
import unittest

sys.dont_write_bytecode = True

import objects  # noqa: E402
from cases import HOST, GatewayCase, HeldBackend  # noqa: E402
from servers import PATIENCE, wait_until  # noqa: E402

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


class AccessLogLines(GatewayCase):
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

    def test_a_tunnel_is_logged_by_the_request_that_opened_it(self):
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

    def test_a_route_that_goes_during_the_response_leaves_the_line_as_it_is(self):
        backend = HeldBackend()
        self.addCleanup(backend.close)
        edits = {"User-Agent": " ".join(["from the route"] * 10), "X-Added-By-The-Route": "-".join(["added"] * 20)}
        without_route = [objects.gateway_class(), objects.gateway("main", [self.port])]
        self.config.write_text(objects.text_of(without_route + [
            objects.http_route("main", "main", HOST, "backend", request_headers=edits),
            objects.service("backend", [backend.endpoint])]))
        log = self.folder / "access.log"
        gateway = self.start_gateway("--access-log", str(log), "--workers", "1")
        client = self.connect()
        client.socket.sendall(f"GET /held HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: client\r\n\r\n".encode())
        server = backend.accept_request()
        self.addCleanup(server.close)
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        self.assertEqual(b"H", client.socket.recv(1))
        self.config.write_text(objects.text_of(without_route))
        wait_until("the route is gone", lambda: gateway.metric("gatehouse_config_generation") == 2)
        wait_until("its runtime is gone", lambda: gateway.metric("gatehouse_runtimes_live") <= 1)
        server.sendall(b"cd")
        wait_until("the response is complete", lambda: not gateway.is_running() or "/held" in log.read_text())
        gateway.end()
        [line] = [line for line in map(json.loads, log.read_text().splitlines()) if line["path"] == "/held"]
        self.assertEqual((200, 4, "client"), (line["status"], line["bytes_out"], line["user_agent"]))


if __name__ == "__main__":
    unittest.main()
