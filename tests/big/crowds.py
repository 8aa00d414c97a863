# SPDX-License-Identifier: Apache-2.0
"""Many clients at once, and many one after the other."""
import asyncio
import contextlib
import pathlib
import time

import servers
from scene import HOST, gateway_before, mib
from servers import require, wait_until

REQUEST = f"GET /version HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
PATIENCE = 120.0


class Connection:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=8192))

    async def ask(self) -> None:
        """One request and its whole answer; anything but 200 fails."""
        self._writer.write(REQUEST)
        head = await self._reader.readuntil(b"\r\n\r\n")
        require(head.startswith(b"HTTP/1.1 200 "), f"not a 200: {head[:200]!r}")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        await self._reader.readexactly(int(length))

    async def drip(self, interval: float) -> bytes:
        """An endless request head, one byte at a time, until the gateway has enough; what it answered."""
        answer = asyncio.create_task(self._reader.read())
        for byte in b"GET / HTTP/1.1\r\nX-Slow: " + b"x" * 10_000:
            if answer.done():
                break
            with contextlib.suppress(ConnectionError):
                self._writer.write(bytes([byte]))
            await asyncio.wait([answer], timeout=interval)
        return b"" if answer.exception() else answer.result()

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


async def _in_batches(count: int, batch: int, work) -> list:
    """Runs work() `count` times, `batch` at once."""
    results = []
    for begin in range(0, count, batch):
        results += await asyncio.gather(*(work() for _ in range(min(batch, count - begin))))
    return results


def kept_connections_all_answer(folder: pathlib.Path, count: int, rounds: int) -> None:
    async def run(gateway: servers.Gateway, port: int) -> None:
        before = gateway.memory()
        crowd = await _in_batches(count, 200, lambda: Connection.open(port))
        for _ in range(rounds):
            await asyncio.gather(*(connection.ask() for connection in crowd))
        print(f"  {count} connections, {count * rounds} answers; "
              f"{mib(gateway.memory() - before)} more than before", flush=True)
        await asyncio.gather(*(connection.close() for connection in crowd))

    with servers.Echo(folder) as echo, gateway_before(folder, echo.endpoint) as (gateway, port):
        asyncio.run(asyncio.wait_for(run(gateway, port), PATIENCE))


def slow_heads_hurt_nobody_else(folder: pathlib.Path, count: int, header_timeout: int) -> None:
    """Rule L1: a head that never ends is answered 408 in time, and good clients do not notice."""
    async def drip(port: int) -> bytes:
        connection = await Connection.open(port)
        answer = await connection.drip(interval=1.0)
        await connection.close()
        return answer

    async def run(port: int) -> None:
        slow = asyncio.gather(*(drip(port) for _ in range(count)))
        good, took = await Connection.open(port), []
        begin = time.monotonic()
        while not slow.done():
            asked = time.monotonic()
            await good.ask()
            took.append(time.monotonic() - asked)
            await asyncio.wait([slow], timeout=0.01)
        lasted = time.monotonic() - begin
        await good.close()
        answers = await slow
        print(f"  {count} slow clients were sent away within {lasted:.1f} s; {len(took)} good answers, "
              f"the slowest in {max(took) * 1000:.0f} ms", flush=True)
        turned_away = sum(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
        require(turned_away == count, f"only {turned_away} of {count} got a 408")
        require(max(took) < 2.0, "a good client had to wait")

    with servers.Echo(folder) as echo, \
            gateway_before(folder, echo.endpoint, "--header-timeout", f"{header_timeout}s") as (_, port):
        asyncio.run(asyncio.wait_for(run(port), PATIENCE))


def churn_leaves_nothing_behind(folder: pathlib.Path, count: int, most_growth: int) -> None:
    async def one(port: int) -> None:
        connection = await Connection.open(port)
        await connection.ask()
        await connection.close()

    def churn(port: int, rounds: int) -> None:
        asyncio.run(asyncio.wait_for(_in_batches(rounds, 100, lambda: one(port)), PATIENCE))

    with servers.Echo(folder) as echo, gateway_before(folder, echo.endpoint) as (gateway, port):
        churn(port, count // 10)  # what the first ones cost once is not theirs alone
        wait_until("those are gone", lambda: gateway.metric("gatehouse_downstream_connections") == 0)
        files, memory = gateway.open_files(), gateway.memory()
        churn(port, count)
        wait_until("all connections are gone", lambda: gateway.metric("gatehouse_downstream_connections") == 0)
        growth = gateway.memory() - memory
        print(f"  {count} connections: {files} files before, {gateway.open_files()} after; "
              f"memory {mib(memory)}, {mib(growth)} more after", flush=True)
        # What is pooled towards the backend may differ by one round.
        require(gateway.open_files() <= files + 100, "descriptors are left behind")
        require(growth < most_growth, "memory is left behind")
