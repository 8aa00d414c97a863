#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The end of the process, rule D1: SIGTERM drains, a second one ends it."""
import signal
import sys
import unittest

sys.dont_write_bytecode = True

from cases import HOST, GatewayCase, HeldBackend  # noqa: E402
from servers import Gateway, is_refused, wait_until  # noqa: E402

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"


def is_not_ready(gateway: Gateway) -> bool:
    return gateway.admin("/readyz")[0] == 503


class Drain(GatewayCase):
    def setUp(self) -> None:
        super().setUp()
        self.backend = HeldBackend()
        self.addCleanup(self.backend.close)
        self.write_config(self.backend.endpoint)

    def hold_a_request(self):
        """A client waiting for its answer, and the backend's connection that owes it."""
        client = self.connect()
        client.ask("/held")
        held = self.backend.accept_request()
        self.addCleanup(held.close)
        return client, held

    def test_sigterm_lets_the_request_in_flight_finish_and_exits_0(self):
        gateway = self.start_gateway()
        client, held = self.hold_a_request()
        gateway.signal(signal.SIGTERM)
        wait_until("readiness fails", lambda: is_not_ready(gateway))
        wait_until("new connections are refused", lambda: is_refused(self.port))
        self.assertTrue(gateway.is_running())
        held.sendall(ANSWER)
        status, fields, body = client.read_answer()
        self.assertEqual((200, b"done", "close"), (status, body, fields.get("connection")))
        self.assertTrue(client.at_end())
        self.assertEqual(0, gateway.wait())
        gateway.require_no_report()

    def test_during_the_drain_delay_new_connections_are_served_though_not_ready(self):
        gateway = self.start_gateway("--drain-delay", "60s", "--drain-timeout", "120s")
        gateway.signal(signal.SIGTERM)
        wait_until("readiness fails", lambda: is_not_ready(gateway))
        client, held = self.hold_a_request()
        held.sendall(ANSWER)
        self.assertEqual(200, client.read_answer()[0])

    def test_during_the_drain_delay_kept_connections_are_told_to_go(self):
        """An idle connection that is closed when the delay is over may have a request on its way."""
        gateway = self.start_gateway("--drain-delay", "60s", "--drain-timeout", "120s")
        client, held = self.hold_a_request()
        held.sendall(ANSWER)
        self.assertNotIn("connection", client.read_answer()[1])
        gateway.signal(signal.SIGTERM)
        wait_until("readiness fails", lambda: is_not_ready(gateway))
        client.ask("/last")
        held.recv(65536)
        held.sendall(ANSWER)
        status, fields, _ = client.read_answer()
        self.assertEqual((200, "close"), (status, fields.get("connection")))
        self.assertTrue(client.at_end())

    def test_an_idle_connection_does_not_hold_up_the_drain(self):
        gateway = self.start_gateway()
        client, held = self.hold_a_request()
        held.sendall(ANSWER)
        _, fields, _ = client.read_answer()
        self.assertNotIn("connection", fields)
        gateway.signal(signal.SIGTERM)
        self.assertTrue(client.at_end())
        self.assertEqual(0, gateway.wait())

    def test_requests_that_wait_in_the_accept_queue_are_answered(self):
        gateway = self.start_gateway()
        gateway.signal(signal.SIGSTOP)
        clients = [self.connect() for _ in range(20)]
        for client in clients:
            client.ask("/queued", host="nobody.example.org")
        gateway.signal(signal.SIGTERM)
        gateway.signal(signal.SIGCONT)
        for client in clients:
            self.assertEqual(404, client.read_answer()[0])
            self.assertTrue(client.at_end())
        self.assertEqual(0, gateway.wait())
        gateway.require_no_report()

    def test_a_second_sigterm_ends_it_at_once(self):
        gateway = self.start_gateway("--drain-timeout", "600s")
        client, _ = self.hold_a_request()
        gateway.signal(signal.SIGTERM)
        wait_until("new connections are refused", lambda: is_refused(self.port))
        gateway.signal(signal.SIGTERM)
        gateway.wait()
        self.assertTrue(client.at_end())
        gateway.require_no_report()

    def test_what_outlasts_the_drain_timeout_is_cut_off_and_exits_1(self):
        gateway = self.start_gateway("--drain-timeout", "200ms")
        self.hold_a_request()
        gateway.signal(signal.SIGTERM)
        self.assertEqual(1, gateway.wait())
        gateway.require_no_report()

    def test_a_tunnel_holds_up_the_drain_until_its_client_ends_it(self):
        gateway = self.start_gateway()
        client = self.connect()
        client.socket.sendall(f"GET /ws HTTP/1.1\r\nHost: {HOST}\r\n"
                              "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n".encode())
        tunnel = self.backend.accept_request()
        self.addCleanup(tunnel.close)
        tunnel.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        self.assertEqual(101, client.read_answer()[0])
        gateway.signal(signal.SIGTERM)
        wait_until("new connections are refused", lambda: is_refused(self.port))
        tunnel.sendall(b"x")
        self.assertFalse(client.at_end())
        client.close()
        self.assertEqual(b"", tunnel.recv(1))
        tunnel.close()
        self.assertEqual(0, gateway.wait())



if __name__ == "__main__":
    unittest.main()
