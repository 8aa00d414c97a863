# SPDX-License-Identifier: Apache-2.0
"""Runs of `openssl s_time -reuse`: TLS handshakes that resume a session, with one request each."""
import re
import subprocess

from processes import HOST
from wrk import Load

PROCESSES = 8  # each has one connection at a time


def run_resumed(port: int, path: str, seconds: float, core: int) -> Load:
    # s_time writes "GET", this and " HTTP/1.0": an HTTP/1.1 request, as Envoy wants it, with a field for the rest.
    request = f"{path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\nX-Rest:"
    command = ["taskset", "-c", str(core), "openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-reuse", "-time",
               str(max(1, round(seconds))), "-www", request]
    running = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True) for _ in range(PROCESSES)]
    loads = [parse(process.communicate(timeout=seconds + 60)[0]) for process in running]
    requests = sum(load.requests for load in loads)
    return Load(requests=requests, per_second=sum(load.per_second for load in loads), p50_us=0, p99_us=0,
                bad_answers=sum(load.bad_answers for load in loads))


def parse(text: str) -> Load:
    """A connection that was not resumed ("*" in place of "r"), or whose answer is short, is a bad answer."""
    marks = re.search(r"^starting\n([r*]*)$", text, re.MULTILINE)
    counts = re.search(r"^(\d+) connections in (\d+) real seconds, (\d+) bytes read per connection", text, re.MULTILINE)
    if not marks or not counts:
        raise RuntimeError(f"s_time printed no counts:\n{text}")
    requests, seconds, size = (int(count) for count in counts.groups())
    bad = marks[1].count("*") + (requests if size < 150 else 0)
    return Load(requests=requests, per_second=requests / seconds, p50_us=0, p99_us=0, bad_answers=bad)
