#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS listeners against programs that are not ours: openssl s_client, curl, Python's ssl module."""
import re
import signal
import socket
import ssl
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

from cases import HOST, GatewayCase  # noqa: E402
from certificates import Authority, secret, trust  # noqa: E402
from servers import PATIENCE, is_refused, wait_until  # noqa: E402


class TlsCase(GatewayCase):
    """A gateway with one HTTPS listener; `secrets`, `frontend` and `more` say what it consists of."""

    def setUp(self) -> None:
        super().setUp()
        self.authority = Authority(self.folder)
        self.secrets = {"ec": self.authority.issue("ec", HOST)}
        self.more: list[dict] = []
        self.frontend: dict = {}

    def objects(self, endpoint: str, mark: str = "first") -> list[dict]:
        found = super().objects(endpoint, mark)
        spec = found[1]["spec"]
        references = [{"name": name} for name in self.secrets]
        spec["listeners"] = [{"name": "https", "port": self.port, "protocol": "HTTPS", "hostname": HOST,
                              "tls": {"certificateRefs": references}}]
        if self.frontend:
            spec["tls"] = {"frontend": {"default": {"validation": self.frontend}}}
        return found + [secret(name, files) for name, files in self.secrets.items()] + self.more

    def s_client(self, *arguments: str, text: str = "") -> str:
        """What `openssl s_client` prints about one connection; it sends `text` and then ends it."""
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-servername", HOST,
                   "-CAfile", str(self.authority.certificate), *arguments]
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=PATIENCE, check=False)
        return (done.stdout + done.stderr).decode(errors="replace")

    def curl(self, *arguments: str) -> str:
        """The body and then, in a last line, status and HTTP version."""
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", str(int(PATIENCE)),
                   "--cacert", str(self.authority.certificate), "--resolve", f"{HOST}:{self.port}:127.0.0.1",
                   "--write-out", "\n%{http_code} %{http_version}", *arguments, f"https://{HOST}:{self.port}/"]
        return subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL).stdout.decode()

    def tls_socket(self, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        context = context or ssl.create_default_context(cafile=str(self.authority.certificate))
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        try:
            wrapped = context.wrap_socket(plain, server_hostname=HOST)
        except (OSError, ssl.SSLError):
            plain.close()
            raise
        self.addCleanup(wrapped.close)
        return wrapped

    def ask(self, connection: ssl.SSLSocket) -> str:
        """One keep-alive request; the status line of its answer, whose body is read."""
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.some(connection)
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])
        while len(body) < length:
            body += self.some(connection)
        return head.decode().splitlines()[0]

    def some(self, connection: ssl.SSLSocket) -> bytes:
        found = connection.recv(65536)
        self.assertNotEqual(b"", found, "the connection ended before the answer did")
        return found


class TlsListeners(TlsCase):
    def test_curl_gets_an_answer_in_either_version_of_http(self):
        self.write_config(self.start_echo().endpoint)
        gateway = self.start_gateway()
        self.assertTrue(self.curl("--http1.1").endswith("\n200 1.1"))
        self.assertTrue(self.curl("--http2").endswith("\n200 2"))
        self.assertTrue(self.curl("--http1.1", "--tls-max", "1.2").endswith("\n200 1.1"))
        gateway.end()

    def test_nghttp_and_h2load_agree_on_http2(self):
        self.write_config(self.start_echo().endpoint)
        gateway = self.start_gateway()
        own_name = ["-H", f":authority: {HOST}", f"https://127.0.0.1:{self.port}/"]
        elsewhere = [f"--connect-to=127.0.0.1:{self.port}", f"https://{HOST}:{self.port}/"]
        for command, told in ((["nghttp", "-v", *own_name], "The negotiated protocol: h2"),
                              (["h2load", "-n", "400", "-c", "4", "-m", "10", *elsewhere],
                               "400 succeeded, 0 failed, 0 errored")):
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
            self.assertIn(told, done.stdout, done.stderr)
        gateway.end()

    def test_versions_below_the_minimum_and_other_names_get_nothing(self):
        self.write_config(self.start_echo().endpoint)
        gateway = self.start_gateway()
        self.assertIn("Verify return code: 0 (ok)", self.s_client())
        self.assertIn("no peer certificate available", self.s_client("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"))
        self.assertIn("no peer certificate available", self.s_client("-servername", "other.example.com"))
        gateway.end()

    def test_the_kind_of_certificate_follows_the_client(self):
        self.secrets["rsa"] = self.authority.issue("rsa", HOST, "rsa:2048")
        self.write_config(self.start_echo().endpoint)
        gateway = self.start_gateway()
        self.assertIn("Peer signature type: ECDSA", self.s_client())
        self.assertIn("Peer signature type: RSA-PSS", self.s_client("-sigalgs", "rsa_pss_rsae_sha256"))
        self.assertIn("Peer signature type: RSA-PSS", self.s_client("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"))
        gateway.end()

    def test_sessions_are_resumed_by_every_worker(self):
        self.write_config(self.start_echo().endpoint)
        gateway = self.start_gateway("--workers", "2")
        for version in ("-tls1_2", "-tls1_3"):
            session = self.folder / f"session{version}"
            request = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
            self.assertIn("New, ", self.s_client(version, "-ign_eof", "-sess_out", str(session), text=request))
            for _ in range(8):
                self.assertIn("Reused, ", self.s_client(version, "-sess_in", str(session)))
        gateway.end()

    def test_a_certificate_is_exchanged_and_open_connections_go_on(self):
        echo = self.start_echo()
        self.write_config(echo.endpoint)
        gateway = self.start_gateway("--workers", "2")
        connection = self.tls_socket()
        first = connection.getpeercert()["serialNumber"]
        self.assertEqual("HTTP/1.1 200 OK", self.ask(connection))
        self.secrets["ec"] = self.authority.issue("ec", HOST)
        self.write_config(echo.endpoint)
        wait_until("the new certificate", lambda: self.tls_socket().getpeercert()["serialNumber"] != first)
        self.assertEqual("HTTP/1.1 200 OK", self.ask(connection))
        gateway.end()

    def test_a_handshake_that_ends_during_the_drain_does_not_hold_it_up(self):
        self.write_config(self.start_echo().endpoint)
        gateway = self.start_gateway()
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        self.addCleanup(plain.close)
        received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        tls = context.wrap_bio(received, to_send, server_hostname=HOST)
        with self.assertRaises(ssl.SSLWantReadError):
            tls.do_handshake()
        plain.sendall(to_send.read())
        received.write(plain.recv(65536))
        gateway.signal(signal.SIGTERM)
        wait_until("new connections are refused", lambda: is_refused(self.port))
        for _ in range(10):  # the server's flight may come in parts
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                received.write(plain.recv(65536))
        plain.sendall(to_send.read())
        self.assertEqual(0, gateway.wait())  # 1 after the drain timeout

    def test_a_required_client_certificate(self):
        clients = Authority(self.folder, "clients")
        own = clients.issue("client", "client.example.com")
        foreign = self.authority.issue("foreign", "client.example.com")
        self.more = [trust("clients", clients)]
        self.frontend = {"caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "clients"}]}
        self.write_config(self.start_echo().endpoint)
        gateway = self.start_gateway()
        for version in ("1.2", "1.3"):
            with_own = self.curl("--http1.1", "--tls-max", version, "--cert", str(own[0]), "--key", str(own[1]))
            self.assertTrue(with_own.endswith("\n200 1.1"), with_own)
            self.assertTrue(self.curl("--tls-max", version).endswith("\n000 0"))
            with_foreign = self.curl("--tls-max", version, "--cert", str(foreign[0]), "--key", str(foreign[1]))
            self.assertTrue(with_foreign.endswith("\n000 0"), with_foreign)
        gateway.end()

    def test_what_is_no_tls_ends_and_the_gateway_goes_on(self):
        self.write_config(self.start_echo().endpoint)
        gateway = self.start_gateway()
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            try:
                self.assertEqual(b"", plain.recv(100))
            except ConnectionResetError:
                pass  # an end as good as the other
        self.assertTrue(self.curl().startswith("{"))
        gateway.end()


class MisdirectedRequests(TlsCase):
    """HTTPRouteHTTPSListenerDetectMisdirectedRequests of the conformance suite, also for HTTP/1.1."""

    SECOND = "second-example.org"

    def objects(self, endpoint: str, mark: str = "first") -> list[dict]:
        found = super().objects(endpoint, mark)
        [any_host] = found[1]["spec"]["listeners"]
        second = {**any_host, "name": "second", "hostname": self.SECOND}
        del any_host["hostname"]
        found[1]["spec"]["listeners"].append(second)
        found[2]["spec"]["hostnames"].append(self.SECOND)
        return found

    def status(self, version: str, server_name: str, host: str) -> str:
        command = ["curl", "--silent", "--noproxy", "*", "--insecure", "--max-time", str(int(PATIENCE)), version,
                   "--resolve", f"{server_name}:{self.port}:127.0.0.1", "--header", f"Host: {host}",
                   "--output", "/dev/null", "--write-out", "%{http_code}", f"https://{server_name}:{self.port}/"]
        return subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL).stdout.decode()

    def test_a_host_of_another_listener_than_the_server_name_s_gets_421(self):
        self.write_config(self.start_echo().endpoint)
        gateway = self.start_gateway()
        for version in ("--http1.1", "--http2"):
            with self.subTest(version):
                self.assertEqual("200", self.status(version, HOST, HOST))
                self.assertEqual("200", self.status(version, self.SECOND, self.SECOND))
                self.assertEqual("421", self.status(version, HOST, self.SECOND))
                self.assertEqual("421", self.status(version, self.SECOND, HOST))
                self.assertEqual("421", self.status(version, self.SECOND, "unknown-example.org"))
                self.assertEqual("404", self.status(version, HOST, "unknown-example.org"))
        gateway.end()


if __name__ == "__main__":
    unittest.main()
