#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Backends that die, come back and flap under a steady load: what clients see of it."""
import argparse
import signal
import socket
import struct
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True

import objects  # noqa: E402
import servers  # noqa: E402
from cases import HOST, GatewayCase  # noqa: E402
from paced_load import PacedLoad, Record, is_good, summary  # noqa: E402
from servers import is_refused, require, wait_until  # noqa: E402

RATE = 1000  # requests per second; --rate sets it
WORKERS = "2"
SHORT = 2.0  # seconds that a backend is away

ANSWER = b"HTTP/1.1 200 OK\r\nConnection: %s\r\nContent-Length: 4\r\n\r\nflap"
FAILURES_PER_WORKER = 12  # until it is ejected, and again whenever its time is over: the rate does not matter


class FlappingBackend:
    """Every other connection is reset as soon as it is accepted; the ones between are served well, as many requests
    as come if it keeps connections, else one."""

    def __init__(self, keeps: bool):
        self._keeps = keeps
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.endpoint = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.reset = self.served = 0
        threading.Thread(target=self._accept_all, daemon=True).start()

    def _accept_all(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self.reset > self.served:
                self.served += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
                continue
            self.reset += 1
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    def _serve(self, connection: socket.socket) -> None:
        received = b""
        answer = ANSWER % (b"keep-alive" if self._keeps else b"close")
        with connection:
            while piece := connection.recv(65536):
                received += piece
                while b"\r\n\r\n" in received:
                    received = received.partition(b"\r\n\r\n")[2]
                    connection.sendall(answer)
                    if not self._keeps:
                        return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Revive(GatewayCase):
    def start_load(self) -> PacedLoad:
        wait_until("it serves", lambda: servers.fetch(self.port, "/", HOST).status == 200)
        return self.enterContext(PacedLoad(self.port, HOST, RATE))

    def start_echo_on(self, port: int, name: str = "echo") -> servers.Process:
        return self.enterContext(
            servers.Process(self.folder, "echo", "--listen", f"127.0.0.1:{port}", "--name", name))

    def test_a_lone_backend_that_is_killed_serves_again_as_soon_as_it_listens_again(self):
        [port] = servers.free_ports(1)
        echo = self.start_echo_on(port)
        self.write_config(f"127.0.0.1:{port}")
        gateway = self.start_gateway("--workers", WORKERS)
        load = self.start_load()
        time.sleep(1)  # of load before
        killed = time.monotonic()
        echo.signal(signal.SIGKILL)
        echo.wait()
        time.sleep(SHORT)
        require(is_refused(port), "the backend is down")
        self.start_echo_on(port)
        while is_refused(port):
            pass
        listening = time.monotonic()
        time.sleep(2)  # of load behind
        records = load.finish()
        gateway.end()

        servable = [r for r in records if r.sent < killed or r.sent > listening]
        failed = [r for r in servable if not is_good(r)]
        first_good = min((r.ended for r in records if is_good(r) and r.ended > listening - 0.02), default=1e9)
        print(f"lone backend: {summary(records)}; {len(failed)} of {len(servable)} servable failed; "
              f"back after {(first_good - listening) * 1000:.0f} ms", file=sys.stderr)
        self.assertGreater(len(servable), 2 * RATE)
        self.assertLessEqual(len(failed), len(servable) * 0.01, summary(servable))
        self.assertLessEqual(first_good - listening, 0.1)
        late = [r for r in failed if r.sent > listening + 0.1]
        self.assertEqual([], late)
        waited = [r for r in records if killed <= r.sent <= listening and r.status not in (200, 502, 503)]
        self.assertEqual([], waited, "a backend that is down is told at once")

    def load_with_one_flapping(self, keeps: bool) -> list[Record]:
        good = [self.start_echo() for _ in range(3)]
        flapping = FlappingBackend(keeps)
        self.addCleanup(flapping.close)
        self.config.write_text(objects.text_of(
            self.objects(good[0].endpoint)[:-1] +
            [objects.service("backend", [*(echo.endpoint for echo in good), flapping.endpoint])]))
        gateway = self.start_gateway("--workers", WORKERS)
        load = self.start_load()
        time.sleep(10 if keeps else 5)  # of load
        records = load.finish()
        print(f"flapping: {summary(records)}; it reset {flapping.reset} connections and served {flapping.served}",
              file=sys.stderr)
        gateway.end()
        self.assertGreater(flapping.reset, 0)
        self.assertGreater(len(records), 4 * RATE)
        return records

    def test_one_flapping_endpoint_of_four_costs_next_to_nothing(self):
        records = self.load_with_one_flapping(keeps=True)
        failed = [r for r in records if not is_good(r)]
        self.assertLessEqual(len(failed), len(records) * 0.001, summary(records))

    def test_one_flapping_endpoint_that_keeps_no_connection_is_ejected(self):
        records = self.load_with_one_flapping(keeps=False)
        failed = [r for r in records if not is_good(r)]
        self.assertLessEqual(len(failed), int(WORKERS) * FAILURES_PER_WORKER, summary(records))

    def test_one_killed_endpoint_of_four_costs_only_what_it_was_at(self):
        ports = servers.free_ports(4)
        echoes = [self.start_echo_on(port) for port in ports]
        self.config.write_text(objects.text_of(
            self.objects("")[:-1] + [objects.service("backend", [f"127.0.0.1:{port}" for port in ports])]))
        for port in ports:
            wait_until("it listens", lambda: not is_refused(port))
        gateway = self.start_gateway("--workers", WORKERS)
        load = self.start_load()
        time.sleep(1)  # of load before
        echoes[0].signal(signal.SIGKILL)
        echoes[0].wait()
        time.sleep(SHORT)
        self.start_echo_on(ports[0])
        time.sleep(2)  # of load behind
        records = load.finish()
        failed = [r for r in records if not is_good(r)]
        print(f"one of four killed: {summary(records)}", file=sys.stderr)
        gateway.end()
        self.assertLessEqual(len(failed), len(records) * 0.001, summary(records))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=RATE, help="requests per second")
    chosen, rest = parser.parse_known_args()
    RATE = chosen.rate
    unittest.main(argv=sys.argv[:1] + rest)
