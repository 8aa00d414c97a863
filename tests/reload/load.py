# SPDX-License-Identifier: Apache-2.0
"""What runs while the configuration changes: wrk, WebSockets and tunnels that count."""
import asyncio
import base64
import os
import pathlib
import re
import signal
import ssl
import struct
import subprocess
import threading
import time
from dataclasses import dataclass, field

from servers import Failed, PATIENCE


class Wrk:
    """wrk until finish() stops it; its own counts are the evidence."""

    def __init__(self, folder: pathlib.Path, name: str, url: str, connections: int, *headers: str):
        self.name = name
        self._out = folder / f"wrk-{name}.out"
        fields = [part for header in headers for part in ("-H", header)]
        with self._out.open("wb") as out:
            self._process = subprocess.Popen(
                ["wrk", "-t", "1", "-c", str(connections), "-d", "3600s", "--timeout", "20s", *fields, url],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def finish(self) -> int:
        """The number of requests; fails when one of them failed."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE)
        text = self._out.read_text()
        counted = re.search(r"(\d+) requests in", text)
        bad = re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*|unable to connect.*", text)
        if not counted or int(counted[1]) == 0 or bad:
            raise Failed(f"wrk ({self.name}): {bad[0] if bad else 'no requests'}\n{text}")
        return int(counted[1])


@dataclass
class Tally:
    sent: int = 0
    echoed: int = 0
    slowest: float = 0.0
    problems: list[str] = field(default_factory=list)

    def require_all(self, what: str) -> None:
        """Fails when one was lost, ended early, or has no answer to what it sent."""
        if self.problems or self.sent != self.echoed:
            raise Failed(f"{what}: {self.sent} sent, {self.echoed} echoed, {len(self.problems)} problems, "
                         f"such as {self.problems[:3]}")


class WebSockets:
    """Clients on a thread of their own; each sends its next number every `interval` and wants it back in order."""

    def __init__(self, port: int, host: str, count: int, interval: float = 0.1):
        self._port, self._host, self.count, self._interval = port, host, count, interval
        self.tally = Tally()
        self._stop = threading.Event()
        self._connected = threading.Semaphore(0)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run_all()), daemon=True)
        self._thread.start()

    def wait_until_open(self) -> None:
        for _ in range(self.count):
            if not self._connected.acquire(timeout=PATIENCE):
                raise Failed(f"not every WebSocket opened: {self.tally.problems[:3]}")

    def finish(self) -> None:
        """Closes them all; fails when one was lost, closed, or missed a number."""
        self._stop.set()
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            raise Failed("the WebSockets do not end")
        self.tally.require_all("WebSockets")

    async def _run_all(self) -> None:
        await asyncio.gather(*(self._run_one(number) for number in range(self.count)))

    async def _run_one(self, number: int) -> None:
        try:
            reader, writer = await self._open()
            self._connected.release()
            sequence = 0
            while not self._stop.is_set():
                sequence += 1
                await self._exchange(reader, writer, sequence)
                await asyncio.sleep(self._interval)
            writer.write(_frame(8, struct.pack("!H", 1000)))
            await asyncio.wait_for(reader.read(), PATIENCE)  # the echoed close, then the end
            writer.close()
        except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
            self.tally.problems.append(f"client {number}: {type(error).__name__} {error}")
            self._connected.release()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(f"GET /ws HTTP/1.1\r\nHost: {self._host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        if not head.startswith(b"HTTP/1.1 101 "):
            raise ValueError(f"no upgrade: {head[:100]!r}")
        return reader, writer

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sequence: int) -> None:
        begin = time.monotonic()
        writer.write(_frame(1, str(sequence).encode()))
        self.tally.sent += 1
        opcode, payload = await asyncio.wait_for(_read_frame(reader), PATIENCE)
        if opcode != 1 or payload != str(sequence).encode():
            raise ValueError(f"wanted {sequence}, got opcode {opcode} with {payload!r}")
        self.tally.echoed += 1
        self.tally.slowest = max(self.tally.slowest, time.monotonic() - begin)


class Tunnels:
    """TCP connections on a thread of their own: each sends its next number every `interval` and wants it back, once its
    `first` bytes are back."""

    def __init__(self, port: int, count: int, first: bytes = b"", interval: float = 0.1):
        self._port, self.count, self._first, self._interval = port, count, first, interval
        self.tally = Tally()
        self._stop = threading.Event()
        self._connected = threading.Semaphore(0)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run_all()), daemon=True)
        self._thread.start()

    def wait_until_open(self) -> None:
        for _ in range(self.count):
            if not self._connected.acquire(timeout=PATIENCE):
                raise Failed(f"not every tunnel opened: {self.tally.problems[:3]}")

    def finish(self) -> None:
        """Half-closes them all and wants the backend's end; fails when one was lost or missed a number."""
        self._stop.set()
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            raise Failed("the tunnels do not end")
        self.tally.require_all("tunnels")

    async def _run_all(self) -> None:
        await asyncio.gather(*(self._run_one(number) for number in range(self.count)))

    async def _run_one(self, number: int) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            if self._first:
                await self._exchange(reader, writer, self._first)
            await self._exchange(reader, writer, b"hello\n")
            self._connected.release()
            while not self._stop.is_set():
                await self._exchange(reader, writer, b"%d\n" % self.tally.sent)
                await asyncio.sleep(self._interval)
            writer.write_eof()
            if await asyncio.wait_for(reader.read(), PATIENCE) != b"":
                raise ValueError("bytes behind the last echo")
            writer.close()
        except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
            self.tally.problems.append(f"tunnel {number}: {type(error).__name__} {error}")
            self._connected.release()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> None:
        begin = time.monotonic()
        writer.write(data)
        self.tally.sent += 1
        got = await asyncio.wait_for(reader.readexactly(len(data)), PATIENCE)
        if got != data:
            raise ValueError(f"wanted {data!r}, got {got!r}")
        self.tally.echoed += 1
        self.tally.slowest = max(self.tally.slowest, time.monotonic() - begin)


def client_hello(name: str) -> bytes:
    """What a TLS client that wants `name` sends first."""
    context = ssl.create_default_context()
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(received, sent, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return sent.read()


def _frame(opcode: int, payload: bytes) -> bytes:
    """Short, final and masked, as clients send (RFC 6455 5.2)."""
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked


async def _read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, length = await reader.readexactly(2)
    if length > 125:
        raise ValueError(f"a frame of {length} is not an echo of ours")
    return first & 0x0F, await reader.readexactly(length)
