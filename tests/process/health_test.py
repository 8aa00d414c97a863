#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Active health checks of a policy: an endpoint that fails them gets no requests, unless all of them fail (B11)."""
import http.server
import sys
import threading
import unittest

sys.dont_write_bytecode = True

import objects  # noqa: E402
from cases import HOST, GatewayCase  # noqa: E402
from servers import Gateway, fetch, wait_until  # noqa: E402

LOOKS = 40  # requests in a row, over all workers


class Backend:
    """Answers every request well; what it says at /healthz is up to the test."""

    def __init__(self):
        backend = self
        self.is_well = True
        self.checks = self.requests = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                is_check = self.path == "/healthz"
                backend.checks += is_check
                backend.requests += not is_check
                self.send_response(503 if is_check and not backend.is_well else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def policy() -> dict:
    return {"apiVersion": "gatehouse.dev/v1alpha1", "kind": "BackendTrafficPolicy", "metadata": {"name": "checks"},
            "spec": {"targetRefs": [{"group": "", "kind": "Service", "name": "backend"}],
                     "healthCheck": {"active": {"http": {"path": "/healthz"}, "interval": "100ms",
                                                "unhealthyThreshold": 2, "healthyThreshold": 1}}}}


class Checks(GatewayCase):
    def setUp(self) -> None:
        super().setUp()
        self.backends = [Backend() for _ in range(2)]
        for backend in self.backends:
            self.addCleanup(backend.close)
        self.write("first")

    def write(self, mark: str) -> None:
        endpoints = [backend.endpoint for backend in self.backends]
        self.config.write_text(objects.text_of(
            [*self.objects("", mark)[:-1], objects.service("backend", endpoints), policy()]))

    def wait_for_unhealthy(self, gateway: Gateway, count: int) -> None:
        wait_until(f"{count} are unhealthy", lambda: gateway.metric("gatehouse_upstream_unhealthy") == count)

    def shares(self) -> list[int]:
        """How many of the next requests reach each backend; none may fail."""
        before = [backend.requests for backend in self.backends]
        for _ in range(LOOKS):
            self.assertEqual(200, fetch(self.port, "/", HOST).status)
        return [backend.requests - was for backend, was in zip(self.backends, before)]

    def test_an_endpoint_that_fails_its_checks_is_left_alone_until_it_passes_one(self):
        gateway = self.start_gateway()
        self.assertGreater(min(self.shares()), 0)
        self.backends[0].is_well = False
        self.wait_for_unhealthy(gateway, 1)
        self.assertEqual([0, LOOKS], self.shares())
        self.assertEqual(1, gateway.admin("/endpoints")[1].count("check: unhealthy"))

        self.write("second")
        wait_until("the change is in force", lambda: self.mark() == "second")
        self.assertEqual([0, LOOKS], self.shares())

        self.backends[0].is_well = True
        self.wait_for_unhealthy(gateway, 0)
        self.assertGreater(min(self.shares()), 0)
        gateway.end()

    def test_when_all_fail_their_checks_all_are_used(self):
        gateway = self.start_gateway()
        for backend in self.backends:
            backend.is_well = False
        self.wait_for_unhealthy(gateway, 2)
        self.assertGreater(min(self.shares()), 0)
        gateway.end()


if __name__ == "__main__":
    unittest.main()
