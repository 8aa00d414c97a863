#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PROXY protocol in front of connections: who is believed, and what becomes of the others (W4)."""
import json
import socket
import struct
import sys
import unittest

sys.dont_write_bytecode = True

from cases import HOST, GatewayCase  # noqa: E402
from servers import PATIENCE, free_ports  # noqa: E402

REQUEST = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
POLICY = """apiVersion: gatehouse.dev/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: introduce}
spec:
  targetRefs: [{group: "", kind: Service, name: backend}]
  proxyProtocol: {version: V1}
"""
CHECKS = """  healthCheck: {active: {http: {path: /health}, interval: 100ms}}
"""
V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def v2_header(source: str, extra: bytes = b"") -> bytes:
    addresses = socket.inet_aton(source) + socket.inet_aton("192.0.2.1") + struct.pack("!HH", 4711, 443) + extra
    return V2_SIGNATURE + struct.pack("!BBH", 0x21, 0x11, len(addresses)) + addresses


class ProxyProtocol(GatewayCase):
    def begin(self, *flags: str) -> None:
        self.write_config(self.start_echo().endpoint)
        self.gateway = self.start_gateway("--proxy-protocol-port", str(self.port), *flags)

    def exchange(self, sent: bytes, piece: int | None = None) -> bytes:
        """All that comes back until the end; an abrupt end counts as an end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answer = b""
            try:
                for at in range(0, len(sent), piece or len(sent)):
                    connection.sendall(sent[at:at + (piece or len(sent))])
                while more := connection.recv(65536):
                    answer += more
            except (ConnectionResetError, BrokenPipeError):
                pass
            return answer

    def client_seen(self, answer: bytes) -> str:
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer[:200])
        fields = json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]
        return next(values for name, values in fields.items() if name.lower() == "x-forwarded-for")[0]

    def test_version_1_names_the_client(self) -> None:
        self.begin("--trusted-proxies", "127.0.0.0/8")
        self.assertEqual("203.0.113.7", self.client_seen(
            self.exchange(b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n" + REQUEST)))

    def test_version_2_with_fields_that_nobody_knows_names_the_client(self) -> None:
        self.begin("--trusted-proxies", "127.0.0.0/8")
        tlv = b"\xee" + struct.pack("!H", 3) + b"abc"
        self.assertEqual("203.0.113.8", self.client_seen(self.exchange(v2_header("203.0.113.8", tlv) + REQUEST)))

    def test_a_header_may_come_byte_by_byte(self) -> None:
        self.begin("--trusted-proxies", "127.0.0.0/8")
        self.assertEqual("203.0.113.9", self.client_seen(self.exchange(v2_header("203.0.113.9") + REQUEST, piece=1)))

    def test_a_connection_without_a_header_is_closed(self) -> None:
        self.begin("--trusted-proxies", "127.0.0.0/8")
        self.assertEqual(b"", self.exchange(REQUEST))
        self.assertEqual(1, self.refusals())

    def test_a_peer_that_is_not_trusted_is_closed(self) -> None:
        self.begin("--trusted-proxies", "192.0.2.0/24")
        self.assertEqual(b"", self.exchange(b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n" + REQUEST))
        self.assertEqual(1, self.refusals())

    def test_a_policy_introduces_the_client_to_the_backend(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as backend:
            backend.settimeout(PATIENCE)
            self.write_config(f"127.0.0.1:{backend.getsockname()[1]}")
            self.config.with_name("policy.yaml").write_text(POLICY)
            self.start_gateway()
            client = self.connect()
            for _ in range(2):  # of a keep-alive client; each request comes on a connection of its own
                client.ask("/")
                connection, _ = backend.accept()
                with connection:
                    connection.settimeout(PATIENCE)
                    received = b""
                    while not received.endswith(b"\r\n\r\n"):
                        received += connection.recv(4096)
                    header, _, request = received.partition(b"\r\n")
                    self.assertRegex(header, rb"^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ %d$" % self.port)
                    self.assertTrue(request.startswith(b"GET / HTTP/1.1\r\n"), request)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    self.assertEqual(200, client.read_answer()[0])

    def test_checks_of_such_a_backend_are_the_gateways_own_connections(self) -> None:
        for version, wanted in (("V1", b"PROXY UNKNOWN\r\n"), ("V2", V2_SIGNATURE + b"\x20\0\0\0")):
            with self.subTest(version), socket.create_server(("127.0.0.1", 0)) as backend:
                backend.settimeout(PATIENCE)
                [self.port] = free_ports(1)
                self.write_config(f"127.0.0.1:{backend.getsockname()[1]}")
                self.config.with_name("policy.yaml").write_text(POLICY.replace("V1", version) + CHECKS)
                gateway = self.start_gateway()
                connection, _ = backend.accept()
                with connection:
                    connection.settimeout(PATIENCE)
                    received = b""
                    while not received.endswith(b"\r\n\r\n"):
                        received += connection.recv(4096)
                    self.assertTrue(received.startswith(wanted + b"GET /health HTTP/1.1\r\n"), received)
                gateway.end()

    def refusals(self) -> float:
        lines = [line for line in self.gateway.admin("/metrics")[1].splitlines()
                 if 'gatehouse_downstream_refused_total{reason="proxy_protocol"}' in line]
        return sum(float(line.split()[-1]) for line in lines)


if __name__ == "__main__":
    unittest.main()
