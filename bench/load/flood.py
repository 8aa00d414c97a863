#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a flood of full RSA handshakes does to requests on connections that are open: their p99 with and without it.

h2load asks at a fixed pace over kept TLS connections; the flood (h2load too, nice 19, on the same core as all load)
makes as many new connections as the proxy's core allows. Rounds take turns with and without; figures are medians.
Fails when gatehouse's p99 more than doubles."""
import argparse
import contextlib
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass

import h2load
import peers
from processes import CannotServe, Server, prepare, two_cores
from scene import Scene, ask

SCENE = Scene(front="https", key="rsa")
CONNECTIONS = 16
MOST = 2.0
WARM_UP = 0.5  # seconds of a run that do not count: its own handshakes


@dataclass(frozen=True)
class Latency:
    p50_us: float
    p99_us: float


def parse_log(text: str) -> Latency:
    """h2load --log-file: start in us, status, us until the end of the answer. Every status must be 200."""
    rows = [line.split("\t") for line in text.splitlines()]
    if not rows:
        raise RuntimeError("no request was answered")
    bad = [row for row in rows if row[1] != "200"]
    if bad:
        raise RuntimeError(f"{len(bad)} answers were not 200, such as {bad[0]}")
    first = min(int(row[0]) for row in rows)
    took = sorted(int(row[2]) for row in rows if int(row[0]) - first >= WARM_UP * 1e6)
    if not took:
        raise RuntimeError("the run was shorter than its warm-up")
    return Latency(statistics.median(took), took[len(took) * 99 // 100])


def established(server: Server, rate: int, seconds: int, core: int, folder: pathlib.Path) -> Latency:
    """Of requests at `rate` per second over kept connections."""
    log = folder / "requests.tsv"
    log.unlink(missing_ok=True)
    command = ["taskset", "-c", str(core), "h2load", "--h1", "-t", "1", "-c", str(CONNECTIONS), "-D", str(seconds),
               "--rps", str(rate / CONNECTIONS), "--log-file", str(log), *h2load.address(server.port, "/get", "https")]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 60)
    if done.returncode != 0:
        raise RuntimeError(f"h2load failed: {done.stderr.strip()}")
    return parse_log(log.read_text())


class Flood:
    """Batches of connections on a thread, for as long as the context lasts."""

    def __init__(self, server: Server, at_once: int, core: int):
        self._server, self._at_once, self._core = server, at_once, core
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.handshakes = 0
        self.problem: Exception | None = None

    def __enter__(self) -> "Flood":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()
        if self.problem:
            raise self.problem

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                load = h2load.run_handshakes(self._server.port, "/get", self._at_once, 0.2, self._core, niceness=19)
                self.handshakes += load.requests
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            self.problem = error


def compare(server: Server, args: argparse.Namespace, core: int, folder: pathlib.Path) -> float:
    """p99 with the flood as a multiple of p99 without."""
    calm, flooded, handshakes = [], [], []
    for _ in range(args.rounds):
        calm.append(established(server, args.rate, args.seconds, core, folder))
        with Flood(server, args.at_once, core) as flood:
            flooded.append(established(server, args.rate, args.seconds, core, folder))
        handshakes.append(flood.handshakes / args.seconds)
    p50s, p99s = ([statistics.median(getattr(latency, field) for latency in found) for found in (calm, flooded)]
                  for field in ("p50_us", "p99_us"))
    ratio = p99s[1] / p99s[0]
    print(f"{server.name:10} p50 {p50s[0]:,.0f} -> {p50s[1]:,.0f} us, p99 {p99s[0]:,.0f} -> {p99s[1]:,.0f} us: "
          f"{ratio:.2f} x under {statistics.median(handshakes):,.0f} handshakes per second", flush=True)
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="gatehouse,nginx,haproxy,envoy", help="comma-separated proxies")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each run")
    parser.add_argument("--rate", type=int, default=800, help="requests per second over kept connections")
    parser.add_argument("--at-once", type=int, default=64, help="connections of a batch of the flood")
    args = parser.parse_args()
    prepare()
    proxy_core, load_core = two_cores()
    missed = False
    with tempfile.TemporaryDirectory(prefix="gatehouse-flood-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        backend = stack.enter_context(peers.start_backend(folder, load_core))
        backend.wait_until_serving("/get")
        for proxy in args.only.split(","):
            try:
                with peers.START[proxy](folder, proxy_core, backend.port, 1, SCENE) as server:
                    server.wait_until_serving("/get", ask=lambda port, path: ask(SCENE, port, path, folder))
                    ratio = compare(server, args, load_core, folder)
            except CannotServe as reason:
                print(f"{proxy:10} skipped: {reason}", flush=True)
                continue
            missed = missed or proxy == "gatehouse" and ratio > MOST
    print(f"goal: at most {MOST:.2f} x: {'MISSED' if missed else 'met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
