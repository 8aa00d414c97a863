# SPDX-License-Identifier: Apache-2.0
"""What the process tests share: a folder, a port, one route to one backend, and a gateway on them."""
import pathlib
import shutil
import socket
import tempfile
import unittest

import objects
import servers
from servers import PATIENCE

HOST = "process.example.com"


class HeldBackend:
    """A backend that answers only when the test says so."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self.endpoint = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def accept_request(self) -> socket.socket:
        """A connection whose first request head has arrived."""
        connection, _ = self._listener.accept()
        connection.settimeout(PATIENCE)
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        return connection

    def close(self) -> None:
        self._listener.close()


class Client:
    """One keep-alive connection, in raw bytes."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._answers = self.socket.makefile("rb")

    def ask(self, path: str, host: str = HOST) -> None:
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    def read_answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, fields by lower-case name, body (by Content-Length). An end instead of it fails."""
        status = self._answers.readline()
        servers.require(status, "the connection ended before an answer came")
        fields: dict[str, str] = {}
        while (line := self._answers.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            fields[name.lower()] = value.strip()
        return int(status.split()[1]), fields, self._answers.read(int(fields.get("content-length", "0")))

    def at_end(self) -> bool:
        """Waits for the next byte or the end; true when it is the end, also an abrupt one."""
        try:
            return self._answers.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self._answers.close()
        self.socket.close()


class GatewayCase(unittest.TestCase):
    """`self.config` is the one file a gateway of the test serves."""

    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-process-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.config = self.folder / "conf" / "main.yaml"
        self.config.parent.mkdir()
        [self.port] = servers.free_ports(1)

    def write_config(self, endpoint: str, mark: str = "first") -> None:
        self.config.write_text(objects.text_of(self.objects(endpoint, mark)))

    def objects(self, endpoint: str, mark: str = "first") -> list[dict]:
        return [objects.gateway_class(), objects.gateway("main", [self.port]),
                objects.http_route("main", "main", HOST, "backend", response_headers={"X-Mark": mark}),
                objects.service("backend", [endpoint])]

    def start_echo(self) -> servers.Echo:
        return self.enterContext(servers.Echo(self.folder))

    def start_gateway(self, *flags: str, **popen) -> servers.Gateway:
        """Ready. The drain is short unless a flag says otherwise."""
        settings = {"--drain-delay": "0s", "--drain-timeout": "20s"}
        settings |= dict(zip(flags[::2], flags[1::2]))
        gateway = self.enterContext(servers.Gateway(
            self.folder, self.config.parent, *(part for pair in settings.items() for part in pair), **popen))
        gateway.wait_until_ready()
        return gateway

    def connect(self) -> Client:
        client = Client(self.port)
        self.addCleanup(client.close)
        return client

    def mark(self) -> str | None:
        return servers.fetch(self.port, "/", HOST).headers.get("X-Mark")
