# SPDX-License-Identifier: Apache-2.0
"""Processes of a bench run: started pinned to a core, measured through /proc, always ended by whoever started them."""
import http.client
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

TICK = os.sysconf("SC_CLK_TCK")
HOST = "bench.example.com"
ROOT = pathlib.Path(__file__).resolve().parents[2]


class CannotServe(Exception):
    """A proxy that is missing or does not answer; the message is for the user."""


def two_cores() -> tuple[int, int]:
    """The core of the proxy, and the core of load and backend."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("bench: needs two cores: one for the proxy, one for load and backend")
    return cores[0], cores[1]


def prepare() -> None:
    """As many files as allowed, and a polite end on SIGTERM, so that no server of ours outlives the run."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Cpu:
    """Seconds of CPU time."""

    user: float
    system: float

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.user - other.user, self.system - other.system)


class Server:
    """One server process tree. Use as a context manager: leaving it ends the tree."""

    def __init__(self, name: str, command: list[str], port: int, core: int, log: pathlib.Path):
        self.name = name
        self.port = port
        self.log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                ["taskset", "-c", str(core), *command],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        # The session is ours alone (start_new_session), so its group holds nothing but this tree.
        for how in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                os.killpg(self._process.pid, how)
            try:
                self._process.wait(timeout=5)
                return
            except subprocess.TimeoutExpired:
                continue

    def wait_until_serving(self, path: str, timeout: float = 20.0, ask=None, size: int = 150) -> None:
        """Returns after the first 200 with `size` bytes; raises CannotServe otherwise. `ask(port, path)` gives status
        and size of an answer."""
        deadline = time.monotonic() + timeout
        last = "no answer"
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise CannotServe(f"{self.name} ended with status {self._process.returncode}: {self.last_log_line()}")
            try:
                status, got = (ask or get)(self.port, path)
                if (status, got) == (200, size):
                    return
                last = f"answered {status} with {got} bytes"
            except (OSError, http.client.HTTPException) as error:
                last = str(error)
            time.sleep(0.05)
        raise CannotServe(f"{self.name} does not serve: {last}: {self.last_log_line()}")

    def last_log_line(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "(it printed nothing)"

    def cpu(self) -> Cpu:
        user = system = 0
        for pid in self.tree():
            fields = _stat_fields(pid)
            if fields:
                user += int(fields[11])
                system += int(fields[12])
        return Cpu(user / TICK, system / TICK)

    def rss_bytes(self) -> int:
        total = 0
        for pid in self.tree():
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            total += sum(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))
        return total

    def tree(self) -> list[int]:
        """The process and all its descendants."""
        children: dict[int, list[int]] = {}
        for entry in os.listdir("/proc"):
            fields = _stat_fields(int(entry)) if entry.isdigit() else None
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry))
        found, queue = [], [self.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            queue.extend(children.get(pid, []))
        return found


def _stat_fields(pid: int) -> list[str] | None:
    """/proc/PID/stat from its third field (state) on; None when the process is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def get(port: int, path: str) -> tuple[int, int]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path, headers={"Host": HOST})
        answer = connection.getresponse()
        return answer.status, len(answer.read())
    finally:
        connection.close()
