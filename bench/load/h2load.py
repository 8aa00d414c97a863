# SPDX-License-Identifier: Apache-2.0
"""Runs of h2load: requests over many streams, and TLS handshakes with one request each."""
import pathlib
import re
import subprocess
import time

from processes import HOST
from wrk import Load


def _run(core: int, *arguments: str, niceness: int = 0) -> str:
    command = ["nice", "-n", str(niceness), "taskset", "-c", str(core), "h2load", "-t", "1", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"h2load failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def address(port: int, path: str, scheme: str) -> list[str]:
    return [f"--connect-to=127.0.0.1:{port}", "-H", f":authority: {HOST}", f"{scheme}://{HOST}:{port}{path}"]


def run_streams(port: int, path: str, connections: int, streams: int, seconds: float, core: int, scheme: str,
                message: pathlib.Path | None = None, headers: tuple[str, ...] = ()) -> Load:
    """`message`: a file whose content every request carries."""
    more = ["-d", str(message)] if message else []
    more += [part for header in headers for part in ("-H", header)]
    return parse(_run(core, "-D", str(max(1, round(seconds))), "-c", str(connections), "-m", str(streams), *more,
                      *address(port, path, scheme)))


def run_handshakes(port: int, path: str, at_once: int, seconds: float, core: int, niceness: int = 0) -> Load:
    """Batches of `at_once` connections, each with a full handshake and one request, until the time is over."""
    requests = bad = 0
    begin = time.monotonic()
    while (spent := time.monotonic() - begin) < seconds:
        load = parse(_run(core, "--h1", "-n", str(at_once), "-c", str(at_once), *address(port, path, "https"),
                          niceness=niceness))
        requests += load.requests
        bad += load.bad_answers
    return Load(requests=requests, per_second=requests / spent, p50_us=0, p99_us=0, bad_answers=bad)


def parse(text: str) -> Load:
    rate = re.search(r"^finished in [\d.]+\w+, ([\d.]+) req/s", text, re.MULTILINE)
    counts = re.search(r"^requests: .*started, (\d+) done, \d+ succeeded, (\d+) failed", text, re.MULTILINE)
    codes = re.search(r"^status codes: \d+ 2xx, (\d+) 3xx", text, re.MULTILINE)
    if not rate or not counts or not codes:
        raise RuntimeError(f"h2load printed no counts:\n{text}")
    return Load(requests=int(counts[1]), per_second=float(rate[1]), p50_us=0, p99_us=0,
                bad_answers=int(counts[2]) + int(codes[1]))
