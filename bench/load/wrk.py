# SPDX-License-Identifier: Apache-2.0
"""What a load tool counted, and one run of wrk."""
import pathlib
import re
import subprocess
from dataclasses import dataclass

from processes import HOST

UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6}
SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@dataclass(frozen=True)
class Load:
    requests: int
    per_second: float
    p50_us: float  # 0: the tool does not tell
    p99_us: float
    bad_answers: int  # not 2xx or 3xx, and broken connections
    gib: float = 0.0  # received, also of answers that were not complete at the end
    gib_per_second: float = 0.0


def run_wrk(port: int, path: str, connections: int, seconds: float, core: int,
            script: pathlib.Path | None = None, scheme: str = "http", headers: tuple[str, ...] = ()) -> Load:
    """`script`: a Lua file that makes the requests, in place of one and the same."""
    command = ["taskset", "-c", str(core), "wrk", "--latency", "-t", "1", "-c", str(connections),
               "-d", f"{max(1, round(seconds))}s", "-H", f"Host: {HOST}", f"{scheme}://127.0.0.1:{port}{path}"]
    command += [part for header in headers for part in ("-H", header)]
    if script:
        command += ["-s", str(script)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 60)
    if done.returncode != 0:
        raise RuntimeError(f"wrk failed: {done.stderr.strip() or done.stdout.strip()}")
    return parse(done.stdout)


def parse(text: str) -> Load:
    def number(pattern: str, default: str | None = None) -> float:
        found = re.search(pattern, text, re.MULTILINE)
        if not found and default is None:
            raise RuntimeError(f"wrk printed no {pattern!r}:\n{text}")
        return float(found.group(1) if found else default)

    def latency(percent: int) -> float:
        found = re.search(rf"^\s*{percent}%\s+([\d.]+)(us|ms|s|m)$", text, re.MULTILINE)
        return float(found.group(1)) * UNITS[found.group(2)] if found else 0.0

    read = re.search(r"requests in ([\d.]+)(us|ms|s|m), ([\d.]+)([KMGT]?)B read", text)
    seconds = float(read[1]) * UNITS[read[2]] / 1e6 if read else 0.0
    gib = float(read[3]) * SIZES[read[4]] / SIZES["G"] if read else 0.0
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    return Load(
        requests=int(number(r"^\s*(\d+) requests in ")),
        per_second=number(r"^Requests/sec:\s+([\d.]+)"),
        p50_us=latency(50),
        p99_us=latency(99),
        bad_answers=int(number(r"Non-2xx or 3xx responses: (\d+)", "0"))
        + (sum(int(n) for n in broken.groups()) if broken else 0),
        gib=gib,
        gib_per_second=gib / seconds if seconds else 0.0,
    )
