# SPDX-License-Identifier: Apache-2.0
"""Gateways and demo backends as processes of a test: own folder, free ports, always ended by whoever started them."""
import http.client
import json
import os
import pathlib
import random
import re
import resource
import signal
import socket
import subprocess
import time

PATIENCE = 30.0  # seconds until a wait for something that must happen gives up
SANITIZER_REPORT = re.compile(r"WARNING: ThreadSanitizer|ERROR: \w+Sanitizer|runtime error:")
ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_UNDER_TEST") or ROOT / "build/release")


class Failed(AssertionError):
    """What a test found; the message is for the reader of its output."""


def require(truth: object, message: str) -> None:
    if not truth:
        raise Failed(message)


def go_tool(name: str) -> str:
    """The path of a program in Go, which the first call builds."""
    built = subprocess.run([ROOT / "scripts/build-go-tool", name], capture_output=True, text=True, check=False)
    require(built.returncode == 0, f"{name} cannot be built:\n{built.stderr}")
    return built.stdout.strip()


def wait_until(what: str, look, patience: float = PATIENCE):
    """Looks until it sees something true, and returns that. Exceptions of a connection count as false."""
    deadline = time.monotonic() + patience
    last: object = None
    while time.monotonic() < deadline:
        try:
            last = look()
            if last:
                return last
        except (OSError, http.client.HTTPException) as error:
            last = error
        time.sleep(0.002)  # between two looks; the deadline decides
    raise Failed(f"{what}: not within {patience:.0f} s; last seen: {last!r}")


def free_ports(count: int) -> list[int]:
    """Below the range from which outgoing connections take theirs, so that none takes one of these meanwhile."""
    lowest = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(10_000, max(lowest, 20_000))
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def allow_many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Process:
    """One process of `gatehouse`. Leaving the context ends it. Output goes to files in `folder`."""

    _started = 0

    def __init__(self, folder: pathlib.Path, *arguments: str, binary: pathlib.Path | None = None, **popen):
        Process._started += 1
        self.out = folder / f"{arguments[0]}-{Process._started}.out"
        self.err = folder / f"{arguments[0]}-{Process._started}.err"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_")}
        environment |= {"TSAN_OPTIONS": "exitcode=66", "ASAN_OPTIONS": "quarantine_size_mb=16"}
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self._popen = subprocess.Popen([str(binary or BUILD / "gatehouse"), *arguments], stdin=subprocess.DEVNULL,
                                           stdout=out, stderr=err, env=environment, **popen)

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def signal(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def is_running(self) -> bool:
        return self._popen.poll() is None

    def wait(self, patience: float = PATIENCE) -> int:
        try:
            return self._popen.wait(patience)
        except subprocess.TimeoutExpired:
            raise Failed(f"process {self.pid} did not end within {patience:.0f} s: {self.last_lines()}") from None

    def end(self, patience: float = PATIENCE) -> None:
        """SIGTERM; fails unless it ends well, and without a report of a sanitizer."""
        self.signal(signal.SIGTERM)
        status = self.wait(patience)
        self.require_no_report()
        require(status == 0, f"process {self.pid} ended with status {status}: {self.last_lines()}")

    def require_no_report(self) -> None:
        report = SANITIZER_REPORT.search(self.log())
        require(not report, f"a sanitizer reports:\n{self.log()[report.start() if report else 0:][:6000]}")

    def log(self) -> str:
        return self.err.read_text(errors="replace")

    def last_lines(self) -> str:
        return "\n".join(self.log().splitlines()[-12:]) or "(it logged nothing)"

    def memory(self, field: str = "VmRSS") -> int:
        """Bytes, from /proc/PID/status."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise Failed(f"no {field} of process {self.pid}")

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))


class Echo(Process):
    """`gatehouse echo` on a free port."""

    def __init__(self, folder: pathlib.Path, name: str = "echo", **popen):
        super().__init__(folder, "echo", "--listen", "127.0.0.1:0", "--name", name, **popen)
        text = wait_until("the demo backend says its port", lambda: self.is_running() and self.out.read_text().strip())
        self.port = int(text.rpartition(":")[2])

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"


class PlainEcho(Process):
    """`gatehouse echo` for TCP and UDP, on free ports."""

    def __init__(self, folder: pathlib.Path, **popen):
        super().__init__(folder, "echo", "--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", **popen)
        wait_until("the demo backend says its ports", lambda: self.is_running() and len(self._lines()) == 2)
        self.tcp, self.udp = (line.rpartition(" ")[2] for line in self._lines())

    def _lines(self) -> list[str]:
        return self.out.read_text().splitlines()


class Gateway(Process):
    """`gatehouse run` on `files`; its admin port is its own."""

    def __init__(self, folder: pathlib.Path, files: pathlib.Path, *flags: str, **popen):
        [self.admin_port] = free_ports(1)
        super().__init__(folder, "run", "-f", str(files), "--admin-address", f"127.0.0.1:{self.admin_port}",
                         "--address-pool", "127.0.0.1", *flags, **popen)

    def wait_until_ready(self) -> None:
        def ready() -> bool:
            require(self.is_running(), f"the gateway ended at once: {self.last_lines()}")
            return self.admin("/readyz")[0] == 200
        wait_until("the gateway is ready", ready)

    def admin(self, path: str) -> tuple[int, str]:
        answer = fetch(self.admin_port, path, host="localhost")
        return answer.status, answer.body.decode()

    def metric(self, name: str) -> float:
        """The sum over its series, which may be none yet."""
        text = self.admin("/metrics")[1]
        require(f"# TYPE {name} " in text, f"/metrics has no {name}")
        values = re.findall(rf"^{name}(?:\{{.*\}})? ([0-9.e+-]+)$", text, re.MULTILINE)
        return sum(map(float, values))


class Answer:
    def __init__(self, response: http.client.HTTPResponse):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self) -> dict:
        try:
            return json.loads(self.body)
        except json.JSONDecodeError:
            raise Failed(f"no JSON, status {self.status}: {self.body[:200]!r}") from None

    def echoed(self, name: str) -> str | None:
        """The field `name` of the request, as it reached the demo backend."""
        for field, values in self.json()["headers"].items():
            if field.lower() == name.lower():
                return ", ".join(values)
        return None


def fetch(port: int, path: str, host: str, patience: float = PATIENCE, **headers: str) -> Answer:
    """One GET over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        connection.request("GET", path, headers={"Host": host, **headers})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def is_refused(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(PATIENCE)
        return probe.connect_ex(("127.0.0.1", port)) != 0
