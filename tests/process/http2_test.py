#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 with clients and a backend that we did not write: curl, nghttp, h2load, python3-h2."""
import os
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

try:
    import h2  # noqa: F401
except ImportError:
    if sys.executable == "/usr/bin/python3":
        raise
    # Debian's package belongs to Debian's Python, which need not be the first in PATH.
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])

from cases import HOST, GatewayCase  # noqa: E402
from h2_backend import H2Backend  # noqa: E402
from objects import gateway, gateway_class, http_route, service, text_of  # noqa: E402
from servers import require  # noqa: E402


def run(*command: str, **options) -> str:
    require(shutil.which(command[0]), f"{command[0]} is not installed; see scripts/packages.txt")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)
    require(done.returncode == 0, f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


class Http2(GatewayCase):
    """/h1 leads to the demo backend over HTTP/1, all else to one that speaks HTTP/2 alone."""

    def setUp(self) -> None:
        super().setUp()
        self.backend = H2Backend(max_streams=10)
        self.addCleanup(self.backend.close)
        echo = self.start_echo()
        h2 = service("h2", [self.backend.endpoint])
        h2["spec"]["ports"][0]["appProtocol"] = "kubernetes.io/h2c"
        self.config.write_text(text_of([
            gateway_class(), gateway("main", [self.port]), service("h1", [echo.endpoint]), h2,
            http_route("h1", "main", HOST, "h1", prefix="/h1"), http_route("h2", "main", HOST, "h2")]))
        self.gateway = self.start_gateway("--workers", "1")
        self.addCleanup(self.gateway.require_no_report)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def curl(self, path: str, *flags: str, version: str = "--http2-prior-knowledge") -> str:
        return run("curl", "-sS", "--max-time", "30", version, "-H", f"Host: {HOST}", *flags, self.url(path))

    def test_curl_in_every_pairing(self):
        for version, spoken in (("--http2-prior-knowledge", "2"), ("--http1.1", "1.1")):
            for path in ("/h1/a", "/a"):
                with self.subTest(version=version, path=path):
                    told = self.curl(path, "-o", "/dev/null", "-w", "%{http_code} %{http_version}", version=version)
                    self.assertEqual(f"200 {spoken}", told)

    def test_bodies_longer_than_every_window_pass_both_ways(self):
        body = self.folder / "body"
        body.write_bytes(bytes(range(256)) * 8192)  # 2 MiB
        for version in ("--http2-prior-knowledge", "--http1.1"):
            with self.subTest(version=version):
                got = self.folder / "got"
                self.curl("/echo", "--data-binary", f"@{body}", "-o", str(got), version=version)
                self.assertEqual(body.read_bytes(), got.read_bytes())

    def test_trailers_and_interim_answers_pass(self):
        self.assertIn("x-end: 1", self.curl("/trailers", "-i", "-H", "TE: trailers"))
        self.assertIn("HTTP/2 103", self.curl("/early", "-i"))
        self.assertIn("HTTP/1.1 103", self.curl("/early", "-i", version="--http1.1"))

    def test_a_refused_stream_is_asked_again_and_the_client_sees_nothing(self):
        for version in ("--http2-prior-knowledge", "--http1.1"):
            with self.subTest(version=version):
                self.backend.refused = 0
                self.assertEqual("ok", self.curl("/refuse", "--data", "x", version=version))
                self.assertEqual(1, self.backend.refused)

    def test_after_goaway_of_the_backend_requests_take_another_connection(self):
        for _ in range(3):
            self.assertEqual("ok", self.curl("/goaway"))
        self.assertEqual(3, self.backend.connections)

    def test_a_reset_of_the_backend_is_never_a_clean_end(self):
        for version, code in (("--http2-prior-knowledge", 92), ("--http1.1", 18)):
            with self.subTest(version=version):
                done = subprocess.run(["curl", "-sS", "--max-time", "30", version, "-H", f"Host: {HOST}",
                                       self.url("/reset")], capture_output=True, text=True, timeout=60, check=False)
                self.assertIn(done.returncode, (code, 56))

    def test_nghttp_sees_the_settings_and_the_answer(self):
        told = run("nghttp", "-v", "-H", f":authority: {HOST}", self.url("/h1/x"))
        self.assertIn("SETTINGS_MAX_CONCURRENT_STREAMS(0x03):100", told)
        self.assertIn(":status: 200", told)
        self.assertNotIn("GOAWAY frame <length=8, flags=0x00, stream_id=0>\n          (last_stream_id=0, "
                         "error_code=PROTOCOL_ERROR", told)

    def test_h2load_with_many_streams_to_both_kinds_of_backend(self):
        for path in ("/h1/load", "/load"):
            with self.subTest(path=path):
                told = run("h2load", "-n", "1000", "-c", "4", "-m", "25", "-H", f":authority: {HOST}", self.url(path))
                self.assertRegex(told, r"requests: 1000 total, 1000 started, 1000 done, 1000 succeeded, 0 failed")
        # 100 streams at once, 10 of them allowed per connection: shared, not one connection each.
        self.assertLessEqual(self.backend.connections, 12)

    def test_the_backend_sees_pseudo_header_fields_and_no_fields_of_connections(self):
        self.curl("/seen?q=1", "-H", "Connection: keep-alive", "-H", "Keep-Alive: 5", "-H", "X-Kept: 1",
                  version="--http1.1")
        seen = self.backend.requests[-1]
        self.assertEqual((HOST, "/seen?q=1", "GET", "http"),
                         (seen[":authority"], seen[":path"], seen[":method"], seen[":scheme"]))
        self.assertEqual("1", seen["x-kept"])
        for name in ("connection", "keep-alive", "host", "transfer-encoding"):
            self.assertNotIn(name, seen)


if __name__ == "__main__":
    unittest.main()
