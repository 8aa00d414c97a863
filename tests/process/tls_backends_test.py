#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Backends that speak TLS, with Python's ssl module: names, sessions, ends in order and others."""
import http.client
import pathlib
import socket
import ssl
import sys
import threading
import unittest

sys.dont_write_bytecode = True

import objects  # noqa: E402
from cases import HOST, GatewayCase  # noqa: E402
from certificates import Authority, trust  # noqa: E402
from servers import PATIENCE, fetch  # noqa: E402

BACKEND_NAME = "backend.example.com"


class TlsBackend:
    """Answers each connection with what `answer` gives, and ends it in order or by cutting it."""

    def __init__(self, files: tuple[pathlib.Path, pathlib.Path], answer: bytes, cut: bool = False):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*map(str, files))
        self._context.set_alpn_protocols(["http/1.1"])
        self._answer, self._cut = answer, cut
        self.names: list[str | None] = []
        self.resumed: list[bool] = []
        self._context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._answer_one, args=(plain,), daemon=True).start()

    def _answer_one(self, plain: socket.socket) -> None:
        plain.settimeout(PATIENCE)
        try:
            with self._context.wrap_socket(plain, server_side=True) as connection:
                self.resumed.append(bool(connection.session_reused))
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(4096)
                connection.sendall(self._answer)
                if self._cut:
                    connection.shutdown(socket.SHUT_RDWR)  # FIN without close_notify
                else:
                    connection.unwrap()
        except (OSError, ssl.SSLError):
            pass  # the test looks at what the client saw

    def close(self) -> None:
        self._listener.close()


class TlsBackends(GatewayCase):
    def setUp(self) -> None:
        super().setUp()
        self.authority = Authority(self.folder)

    def objects(self, endpoint: str, mark: str = "first") -> list[dict]:
        policy = {"apiVersion": objects.GATEWAY_API, "kind": "BackendTLSPolicy", "metadata": {"name": "backend"},
                  "spec": {"targetRefs": [{"group": "", "kind": "Service", "name": "backend"}],
                           "validation": {"hostname": BACKEND_NAME, "caCertificateRefs":
                                          [{"group": "", "kind": "ConfigMap", "name": "backends"}]}}}
        return super().objects(endpoint, mark) + [policy, trust("backends", self.authority)]

    def start(self, answer: bytes, name: str = BACKEND_NAME, cut: bool = False):
        """A backend, and a gateway of one worker in front of it."""
        backend = TlsBackend(self.authority.issue("backend", name), answer, cut)
        self.addCleanup(backend.close)
        self.write_config(backend.endpoint)
        return backend, self.start_gateway("--workers", "1")

    def test_a_backend_is_asked_by_its_name_and_its_session_is_resumed(self):
        backend, gateway = self.start(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        for _ in range(3):
            self.assertEqual(b"hi", fetch(self.port, "/", HOST).body)
        self.assertEqual({BACKEND_NAME}, set(backend.names))
        self.assertEqual([False, True, True], backend.resumed)
        gateway.end()

    def test_a_backend_with_another_name_is_not_spoken_to(self):
        backend, gateway = self.start(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "other.example.com")
        self.assertEqual(503, fetch(self.port, "/", HOST).status)
        self.assertEqual([], backend.resumed)
        gateway.end()

    def test_a_body_that_ends_with_the_connection_ends_in_order(self):
        _, gateway = self.start(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        self.assertEqual(b"all of it", fetch(self.port, "/", HOST).body)
        gateway.end()

    def test_a_body_that_is_cut_is_not_taken_for_whole(self):
        _, gateway = self.start(b"HTTP/1.1 200 OK\r\n\r\nhalf of it", cut=True)
        with self.assertRaises((http.client.IncompleteRead, ConnectionResetError)):
            fetch(self.port, "/", HOST)
        gateway.end()

    def test_a_body_with_a_length_needs_no_orderly_end(self):
        _, gateway = self.start(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", cut=True)
        self.assertEqual(b"hi", fetch(self.port, "/", HOST).body)
        gateway.end()


if __name__ == "__main__":
    unittest.main()
