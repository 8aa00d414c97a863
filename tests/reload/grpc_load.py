# SPDX-License-Identifier: Apache-2.0
"""gRPC while the configuration changes: backends and bidirectional streams by grpcio, which count."""
import asyncio
import threading
import time

import grpc
import grpc.aio

from load import Tally
from servers import Failed, PATIENCE

METHOD = "/reload.Chat/Echo"
STREAMS_PER_CHANNEL = 50


class _Echo(grpc.GenericRpcHandler):
    def service(self, details: grpc.HandlerCallDetails):
        return grpc.stream_stream_rpc_method_handler(self._echo) if details.method == METHOD else None

    @staticmethod
    async def _echo(requests, _context):
        async for request in requests:
            yield request


class Chats:
    """Two backends and their clients on a thread of their own. Each stream sends its next number every `interval` and
    wants it back; every second channel goes to the TLS port and trusts the certificates that `trust` has issued."""

    def __init__(self, host: str, interval: float = 2.0):
        self._host, self._interval = host, interval
        self.tally = Tally()
        self._stop = threading.Event()
        self._connected = threading.Semaphore(0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._clients: list = []
        self._servers, ports = self._on_loop(self._serve()).result(PATIENCE)
        self.backends = [f"127.0.0.1:{port}" for port in ports]

    def _on_loop(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    @staticmethod
    async def _serve() -> tuple[list[grpc.aio.Server], list[int]]:
        servers = [grpc.aio.server(handlers=[_Echo()]) for _ in range(2)]
        ports = [server.add_insecure_port("127.0.0.1:0") for server in servers]
        for server in servers:
            await server.start()
        return servers, ports

    def open(self, port: int, tls_port: int, trust: bytes, count: int) -> None:
        """Returns when every stream has had its first answer."""
        self.count = count
        for first in range(0, count, STREAMS_PER_CHANNEL):
            streams = range(first, min(count, first + STREAMS_PER_CHANNEL))
            secure = first // STREAMS_PER_CHANNEL % 2 == 1
            self._clients.append(self._on_loop(self._run_channel(tls_port if secure else port,
                                                                 trust if secure else None, streams)))
        for _ in range(count):
            if not self._connected.acquire(timeout=PATIENCE):
                raise Failed(f"not every gRPC stream opened: {self.tally.problems[:3]}")

    def finish(self) -> None:
        """Ends them all; fails when one ended before, or missed a number."""
        self._stop.set()
        for client in self._clients:
            client.result(PATIENCE)
        self._on_loop(self._end_servers()).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self.tally.require_all("gRPC streams")

    async def _end_servers(self) -> None:
        for server in self._servers:
            await server.stop(None)

    async def _run_channel(self, port: int, trust: bytes | None, streams: range) -> None:
        options = [("grpc.default_authority", self._host), ("grpc.use_local_subchannel_pool", 1),
                   ("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)]
        target = f"127.0.0.1:{port}"
        if trust:
            options.append(("grpc.ssl_target_name_override", self._host))
            channel = grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(trust), options)
        else:
            channel = grpc.aio.insecure_channel(target, options)
        async with channel:
            await asyncio.gather(*(self._run_stream(channel, number) for number in streams))

    async def _run_stream(self, channel: grpc.aio.Channel, number: int) -> None:
        try:
            call = channel.stream_stream(METHOD)()
            sequence = 0
            await self._exchange(call, b"first of %d" % number)
            self._connected.release()
            while not self._stop.is_set():  # so that the last echo comes when all changes are over
                await asyncio.sleep(self._interval)
                sequence += 1
                await self._exchange(call, b"%d of %d" % (sequence, number))
            await call.done_writing()
            if await asyncio.wait_for(call.read(), PATIENCE) is not grpc.aio.EOF:
                raise ValueError("a message behind the last echo")
        except (grpc.RpcError, asyncio.InvalidStateError, asyncio.TimeoutError, ValueError) as error:
            self.tally.problems.append(f"stream {number}: {type(error).__name__} {error}")
            self._connected.release()

    async def _exchange(self, call: grpc.aio.StreamStreamCall, message: bytes) -> None:
        begin = time.monotonic()
        await call.write(message)
        self.tally.sent += 1
        got = await asyncio.wait_for(call.read(), PATIENCE)
        if got != message:
            raise ValueError(f"wanted {message!r}, got {got!r}")
        self.tally.echoed += 1
        self.tally.slowest = max(self.tally.slowest, time.monotonic() - begin)
