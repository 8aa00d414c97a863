#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""System calls per request of one proxy under 64-connection wrk, counted by strace on all of its threads.

strace is attached before wrk starts and leaves after it ended, so the counts hold the 64 connection set-ups too;
over a few ten thousand requests they stay below the limits. Fails when a limit is exceeded."""
import argparse
import contextlib
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import peers
from processes import CannotServe, Server, prepare, two_cores
from table import request_path
from wrk import run_wrk

CONNECTIONS = 64
MOST_PER_REQUEST = 4.5
MOST_AGAIN = 0.05
MOST_FORBIDDEN = 0.01
FORBIDDEN = ("epoll_ctl", "futex", "timerfd_settime", "timerfd_create")
TRANSFER = ("read", "readv", "recv", "recvfrom", "recvmsg", "write", "writev", "send", "sendto", "sendmsg",
            "accept4", "splice")


def parse(summary: str) -> dict[str, tuple[int, int]]:
    """strace -c: system call -> (calls, errors)."""
    counts = {}
    for line in summary.splitlines():
        # "% time  seconds  usecs/call  calls  [errors]  syscall"
        words = line.split()
        if len(words) in (5, 6) and words[3].isdigit() and words[-1] != "total":
            counts[words[-1]] = (int(words[3]), int(words[4]) if len(words) == 6 else 0)
    return counts


def trace(server: Server, seconds: int, load_core: int, summary: pathlib.Path) -> tuple[int, dict]:
    """Requests answered while strace watched, and what it counted."""
    workers = [word for pid in server.tree() for word in ("-p", str(pid))]
    tracer = subprocess.Popen(["strace", "-f", "-c", "-o", str(summary), *workers],
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        first = tracer.stderr.readline()
        if "attached" not in first:
            raise CannotServe(f"strace cannot attach: {first.strip()}")
        time.sleep(0.5)  # it reports the first thread; the others follow at once
        load = run_wrk(server.port, request_path(1), CONNECTIONS, seconds, load_core)
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=20)
    if load.bad_answers:
        raise CannotServe(f"{load.bad_answers} answers were not 2xx")
    return load.requests, parse(summary.read_text())


def judge(requests: int, counts: dict[str, tuple[int, int]]) -> list[str]:
    total = sum(calls for calls, _ in counts.values()) / requests
    again = sum(counts[name][1] for name in TRANSFER if name in counts) / requests
    faults = []
    if total > MOST_PER_REQUEST:
        faults.append(f"{total:.2f} system calls per request, at most {MOST_PER_REQUEST}")
    if again > MOST_AGAIN:
        faults.append(f"{again:.3f} failed reads and writes (EAGAIN) per request, at most {MOST_AGAIN}")
    for name in FORBIDDEN:
        each = counts.get(name, (0, 0))[0] / requests
        if each > MOST_FORBIDDEN:
            faults.append(f"{each:.3f} {name} per request, expected none")
    return faults


def show(requests: int, counts: dict[str, tuple[int, int]]) -> None:
    print(f"{requests} requests over {CONNECTIONS} connections")
    print(f"  {'system call':16} {'per request':>12} {'failed':>10}")
    for name, (calls, errors) in sorted(counts.items(), key=lambda item: -item[1][0]):
        if calls / requests >= 0.0005:
            print(f"  {name:16} {calls / requests:12.4f} {errors / requests:10.4f}")
    print(f"  {'all':16} {sum(calls for calls, _ in counts.values()) / requests:12.4f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proxy", default="gatehouse", choices=list(peers.START))
    parser.add_argument("--seconds", type=int, default=10)
    args = parser.parse_args()
    if not shutil.which("strace"):
        print("bench-syscalls: strace is not installed", file=sys.stderr)
        return 2
    prepare()
    proxy_core, load_core = two_cores()
    with tempfile.TemporaryDirectory(prefix="gatehouse-syscalls-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        try:
            backend = stack.enter_context(peers.start_backend(folder, load_core))
            backend.wait_until_serving("/get")
            server = stack.enter_context(peers.START[args.proxy](folder, proxy_core, backend.port, 1))
            server.wait_until_serving(request_path(1))
            run_wrk(server.port, request_path(1), CONNECTIONS, 1, load_core)  # warm upstream connections
            requests, counts = trace(server, args.seconds, load_core, folder / "summary")
        except CannotServe as reason:
            print(f"bench-syscalls: {reason}", file=sys.stderr)
            return 2
    show(requests, counts)
    faults = judge(requests, counts)
    for fault in faults:
        print(f"FAILED: {args.proxy}: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
