#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TCP, UDP and TLS ports of a running gateway: the examples, ports side by side, changes, the end of the process."""
import pathlib
import signal
import socket
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "reload"))

import objects  # noqa: E402
import servers  # noqa: E402
from cases import GatewayCase  # noqa: E402
from load import client_hello  # noqa: E402
from servers import PATIENCE, ROOT, wait_until  # noqa: E402


def ask_udp(client: socket.socket, port: int, data: bytes) -> bytes:
    """The answer to a datagram; it is sent again when none comes, as clients of UDP do."""
    for _ in range(int(PATIENCE)):
        client.sendto(data, ("127.0.0.1", port))
        try:
            return client.recvfrom(65536)[0]
        except TimeoutError:
            continue
    raise servers.Failed("no answer to any datagram")


class L4Case(GatewayCase):
    def connect_tcp(self, port: int) -> socket.socket:
        client = self.enterContext(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
        return client

    def udp_client(self) -> socket.socket:
        client = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        client.settimeout(1)
        return client

    def echo_over(self, client: socket.socket, data: bytes) -> bytes:
        client.sendall(data)
        got = b""
        while len(got) < len(data):
            part = client.recv(65536)
            servers.require(part, "the connection ended before everything was back")
            got += part
        return got

    def write_routes(self, backend: servers.PlainEcho, service: str = "plain") -> None:
        """TCP and UDP on the same port."""
        self.config.write_text(objects.text_of(
            [objects.gateway_class(),
             objects.gateway_of("main", [objects.listener(self.port, "TCP"), objects.listener(self.port, "UDP")]),
             objects.l4_route("TCPRoute", "tcp", "main", f"tcp{self.port}", service),
             objects.l4_route("UDPRoute", "udp", "main", f"udp{self.port}", f"{service}-udp"),
             objects.service(service, [backend.tcp]), objects.service(f"{service}-udp", [backend.udp], "UDP")]))


class Examples(L4Case):
    def example(self, name: str, ports: dict[str, str]) -> None:
        text = (ROOT / "examples" / name).read_text()
        for old, new in ports.items():
            self.assertIn(old, text)
            text = text.replace(old, new)
        self.config.write_text(text)

    def test_tcp_udp_example_serves_both(self) -> None:
        backend = self.enterContext(servers.PlainEcho(self.folder))
        cache, dns = servers.free_ports(2)
        self.example("tcp-udp.yaml", {"127.0.0.1:9001": backend.tcp, "127.0.0.1:9002": backend.tcp,
                                      "127.0.0.1:9003": backend.udp, "port: 6379\n      protocol": f"port: {cache}\n      protocol",
                                      "port: 5353": f"port: {dns}"})
        self.start_gateway()
        self.assertEqual(self.echo_over(self.connect_tcp(cache), b"hello"), b"hello")
        self.assertEqual(self.echo_over(self.connect_tcp(dns), b"over TCP"), b"over TCP")
        self.assertEqual(ask_udp(self.udp_client(), dns, b"over UDP"), b"over UDP")

    def test_passthrough_example_goes_by_server_name(self) -> None:
        backend = self.enterContext(servers.PlainEcho(self.folder))
        self.example("passthrough.yaml", {"127.0.0.1:9001": backend.tcp, "127.0.0.1:9002": backend.tcp,
                                          "port: 443\n      protocol": f"port: {self.port}\n      protocol"})
        self.start_gateway()
        hello = client_hello("mail.example.com")
        self.assertEqual(self.echo_over(self.connect_tcp(self.port), hello), hello)
        stranger = self.connect_tcp(self.port)
        stranger.sendall(client_hello("mail.example.org"))
        try:
            self.assertEqual(stranger.recv(100), b"")
        except ConnectionResetError:
            pass


class Ports(L4Case):
    def test_tcp_and_udp_live_side_by_side_and_outlive_a_change(self) -> None:
        first = self.enterContext(servers.PlainEcho(self.folder))
        second = self.enterContext(servers.PlainEcho(self.folder))
        self.write_routes(first)
        gateway = self.start_gateway("--access-log", str(self.folder / "access.log"))
        tunnel = self.connect_tcp(self.port)
        client = self.udp_client()
        self.assertEqual(self.echo_over(tunnel, b"one"), b"one")
        self.assertEqual(ask_udp(client, self.port, b"one"), b"one")
        generation = gateway.metric("gatehouse_config_generation")
        self.write_routes(second, "other")
        wait_until("the change is in effect", lambda: gateway.metric("gatehouse_config_generation") > generation)
        self.assertEqual(self.echo_over(tunnel, b"two"), b"two")
        self.assertEqual(ask_udp(client, self.port, b"two"), b"two")
        tunnel.close()
        wait_until("the connection's line is in the log",
                   lambda: '"route":"TCPRoute/default/tcp"' in (self.folder / "access.log").read_text())
        self.assertIn('"bytes_in":6,"bytes_out":6', (self.folder / "access.log").read_text())
        gateway.end()

    def test_a_udp_port_of_another_process_is_told_and_taken_over_when_free(self) -> None:
        backend = self.enterContext(servers.PlainEcho(self.folder))
        rival = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        rival.bind(("127.0.0.1", self.port))
        self.write_routes(backend)
        gateway = self.start_gateway()
        wait_until("the conflict is told", lambda: "is in use by another process" in gateway.log())
        self.assertEqual(self.echo_over(self.connect_tcp(self.port), b"TCP works"), b"TCP works")
        rival.close()
        wait_until("the port is taken over", lambda: f"127.0.0.1:{self.port} (UDP)" in gateway.log())
        self.assertEqual(ask_udp(self.udp_client(), self.port, b"UDP too"), b"UDP too")

    def test_a_removed_udp_port_is_closed(self) -> None:
        backend = self.enterContext(servers.PlainEcho(self.folder))
        self.write_routes(backend)
        gateway = self.start_gateway()
        client = self.udp_client()
        self.assertEqual(ask_udp(client, self.port, b"x"), b"x")
        self.config.write_text(objects.text_of([objects.gateway_class()]))
        wait_until("the port is closed", lambda: f"no longer listening on 127.0.0.1:{self.port} (UDP)" in gateway.log())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            wait_until("the port is free", lambda: other.bind(("127.0.0.1", self.port)) is None)
        gateway.end()


class Drain(L4Case):
    def test_a_tunnel_goes_on_while_the_process_drains(self) -> None:
        backend = self.enterContext(servers.PlainEcho(self.folder))
        self.write_routes(backend)
        gateway = self.start_gateway()
        tunnel = self.connect_tcp(self.port)
        self.assertEqual(self.echo_over(tunnel, b"before"), b"before")
        gateway.signal(signal.SIGTERM)
        wait_until("the port is closed", lambda: servers.is_refused(self.port))
        self.assertEqual(self.echo_over(tunnel, b"during"), b"during")
        tunnel.shutdown(socket.SHUT_WR)
        self.assertEqual(tunnel.recv(10), b"")
        self.assertEqual(gateway.wait(), 0)
        gateway.require_no_report()

    def test_the_drain_timeout_resets_what_is_left(self) -> None:
        backend = self.enterContext(servers.PlainEcho(self.folder))
        self.write_routes(backend)
        gateway = self.start_gateway("--drain-timeout", "300ms")
        tunnel = self.connect_tcp(self.port)
        self.assertEqual(self.echo_over(tunnel, b"before"), b"before")
        gateway.signal(signal.SIGTERM)
        with self.assertRaises(ConnectionResetError):
            tunnel.recv(10)
        self.assertEqual(gateway.wait(), 1)
        gateway.require_no_report()


if __name__ == "__main__":
    unittest.main(verbosity=2)
