# SPDX-License-Identifier: Apache-2.0
"""Many uploads that announce much to a backend that stops reading: the gateway must hold next to nothing of them."""
import asyncio
import pathlib
import socket

from scene import HOST, gateway_before, mib
from servers import require

BEFORE_THE_STOP = 1 << 20  # bytes that the backend reads of each body, before and again after its pause
BLOCK = bytes(64 << 10)
PATIENCE = 240.0


class StoppingBackend:
    """Reads 1 MiB of every body, then nothing until `go_on`, then 1 MiB more."""

    def __init__(self, expected: int):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._listener.setblocking(False)
        self.endpoint = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._expected = expected
        self._buffer = bytearray(64 << 10)  # for all: what they carry is not looked at
        self._connections: list[socket.socket] = []
        self.go_on = asyncio.Event()
        self.stopped = 0
        self.finished = 0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            for _ in range(self._expected):
                connection, _ = await loop.sock_accept(self._listener)
                self._connections.append(connection)
                group.create_task(self._serve(connection))

    async def _serve(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        await self._read(connection)
        self.stopped += 1
        await self.go_on.wait()
        await self._read(connection)
        self.finished += 1

    async def _read(self, connection: socket.socket) -> None:
        loop, left = asyncio.get_running_loop(), BEFORE_THE_STOP
        while left > 0:
            size = await loop.sock_recv_into(connection, self._buffer)
            require(size > 0, "the gateway ended an upload that the backend had not finished")
            left -= size

    def close(self) -> None:
        for connection in [self._listener, *self._connections]:
            connection.close()


class Uploads:
    """Clients that send as fast as they are let, until cancelled."""

    def __init__(self):
        self.sockets: list[socket.socket] = []

    async def run_one(self, port: int, announced: int) -> None:
        loop = asyncio.get_running_loop()
        client = socket.socket()
        self.sockets.append(client)
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", port))
        head = f"POST /upload HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {announced}\r\n\r\n"
        await loop.sock_sendall(client, head.encode())
        for _ in range(announced // len(BLOCK)):
            await loop.sock_sendall(client, BLOCK)

    def close(self) -> None:
        for client in self.sockets:
            client.close()


async def _wait_for(what: str, look) -> None:
    async with asyncio.timeout(PATIENCE):
        while not look():
            await asyncio.sleep(0.05)
    print(f"  {what}", flush=True)


async def _run(folder: pathlib.Path, count: int, announced: int, hold: float, most: int) -> None:
    backend, clients = StoppingBackend(count), Uploads()
    try:
        with gateway_before(folder, backend.endpoint) as (gateway, port):
            serving = asyncio.create_task(backend.run())
            sending = [asyncio.create_task(clients.run_one(port, announced)) for _ in range(count)]
            await _wait_for(f"{count} uploads have brought 1 MiB", lambda: backend.stopped == count or serving.done())
            await asyncio.sleep(hold)  # the backend's pause is what this is about
            held = gateway.memory()
            require(not any(task.done() for task in sending), "an upload ended while its backend paused")
            backend.go_on.set()
            await _wait_for("all of them go on", lambda: backend.finished == count or serving.done())
            await serving
            require(not any(task.done() for task in sending), "an upload ended early")
            peak = gateway.memory("VmHWM")
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)
            clients.close()
            backend.close()
            print(f"  memory: {mib(held)} while held, {mib(peak)} at most", flush=True)
            require(peak < most, f"the gateway took {mib(peak)}")
    finally:
        clients.close()
        backend.close()


def uploads_to_a_paused_backend(folder: pathlib.Path, count: int, announced: int, hold: float, most: int) -> None:
    asyncio.run(_run(folder, count, announced, hold, most))
