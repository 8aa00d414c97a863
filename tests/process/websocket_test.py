#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""WebSockets with python3-websockets on both ends, over HTTP/1.1 and HTTP/2 (python3-h2), plain and over TLS (W1)."""
import asyncio
import http
import os
import socket
import ssl
import sys
import threading
import unittest

sys.dont_write_bytecode = True

try:
    import h2  # noqa: F401
    import websockets
except ImportError:
    if sys.executable == "/usr/bin/python3":
        raise
    # Debian's packages belong to Debian's Python, which need not be the first in PATH.
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])

from websockets.connection import Side  # noqa: E402
from websockets.frames import Opcode  # noqa: E402

import objects  # noqa: E402
from cases import HOST, GatewayCase  # noqa: E402
from certificates import Authority, secret  # noqa: E402
from h2_websocket import H2WebSocketBackend, H2WebSockets, Stream  # noqa: E402
from servers import PATIENCE  # noqa: E402

LARGE = os.urandom(1_200_000)  # more than every buffer and window on the way


class Backend:
    """Echoes messages on a thread of its own. /leave is closed by it with 4001; /refuse gets 403 in place of a 101."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._on_loop(self._listen())
        self.endpoint = "127.0.0.1:%d" % self._server.sockets[0].getsockname()[1]
        self.closes: list[tuple[int, str]] = []

    def close(self) -> None:
        self._server.close()
        self._on_loop(self._server.wait_closed())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _on_loop(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    async def _listen(self):
        return await websockets.serve(self._serve, "127.0.0.1", 0, max_size=None, subprotocols=["chat.v2"],
                                      process_request=self._refuse)

    @staticmethod
    async def _refuse(path: str, _headers):
        return (http.HTTPStatus.FORBIDDEN, [("X-Why", "not here")], b"no WebSockets\n") if path == "/refuse" else None

    async def _serve(self, peer) -> None:
        if peer.path == "/leave":
            await peer.close(4001, "the backend's wish")
            return
        try:
            async for message in peer:
                await peer.send(message)
        except websockets.ConnectionClosed:
            pass  # its code is what the test asks for
        self.closes.append((peer.close_code, peer.close_reason))


class WebSocketCase(GatewayCase):
    """/h2 leads to a backend that speaks HTTP/2 alone, all else to one of HTTP/1.1."""

    scheme = "http"

    def setUp(self) -> None:
        super().setUp()
        self.backend, self.h2_backend = Backend(), H2WebSocketBackend()
        self.addCleanup(self.backend.close)
        self.addCleanup(self.h2_backend.close)
        self.write_config(self.backend.endpoint)
        self.gateway = self.start_gateway("--workers", "1")

    def objects(self, endpoint: str, mark: str = "first") -> list[dict]:
        h2_service = objects.service("h2", [self.h2_backend.endpoint])
        h2_service["spec"]["ports"][0]["appProtocol"] = "kubernetes.io/h2c"
        return [*super().objects(endpoint, mark), h2_service,
                objects.http_route("h2", "main", HOST, "h2", prefix="/h2")]

    def trust(self) -> ssl.SSLContext | None:
        return None

    def open(self, path: str, **options):
        trust = self.trust()
        address = f"{self.scheme.replace('http', 'ws')}://{HOST}:{self.port}{path}"
        return websockets.connect(address, host="127.0.0.1", port=self.port, ssl=trust, max_size=None,
                                  server_hostname=trust and HOST, open_timeout=PATIENCE, close_timeout=PATIENCE,
                                  **options)

    def connect_h2(self) -> H2WebSockets:
        """A connection on which the gateway has allowed Extended CONNECT."""
        peer = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        trust = self.trust()
        if trust:
            trust.set_alpn_protocols(["h2"])
            peer = trust.wrap_socket(peer, server_hostname=HOST)
        self.addCleanup(peer.close)
        client = H2WebSockets(peer, Side.CLIENT)
        while not client.allows_websockets():
            self.assertTrue(client.read_some(), "the gateway ended before its SETTINGS came")
        return client

    def open_h2(self, client: H2WebSockets, path: str) -> Stream:
        stream = client.open(f"{HOST}:{self.port}", path, self.scheme)
        while not stream.head:
            self.assertTrue(client.read_some(), "no answer to Extended CONNECT")
        return stream

    def leave(self, client: H2WebSockets, stream: Stream, code: int = 1000, why: str = "") -> None:
        """Closes and waits for the other side's close."""
        stream.frames.send_close(code, why)
        client.flush()
        while not stream.is_over:
            self.assertTrue(client.read_some(), "the connection ended with one WebSocket")
        self.assertEqual(Opcode.CLOSE, stream.received[-1].opcode)

    def echo_of(self, client: H2WebSockets, stream: Stream, message: bytes) -> bytes:
        """The next whole message, however it is fragmented."""
        stream.frames.send_binary(message)
        client.flush()
        at = len(stream.received)
        while not any(frame.fin for frame in stream.received[at:]):
            self.assertTrue(client.read_some() and not stream.is_over, "the WebSocket ended")
        return b"".join(frame.data for frame in stream.received[at:])


class Plain(WebSocketCase):
    def test_messages_over_http1(self) -> None:
        async def talk(path: str) -> None:
            async with self.open(path) as client:
                for message in ("text é", b"\x00\xff", LARGE, "", ["in ", "three ", "fragments"]):
                    await client.send(message)
                    self.assertEqual("".join(message) if isinstance(message, list) else message, await client.recv())
                await asyncio.wait_for(await client.ping(b"are you there?"), PATIENCE)

        for path in ("/", "/h2"):
            with self.subTest(path):
                asyncio.run(talk(path))
        self.gateway.end()

    def test_subprotocol_and_compression_are_agreed_end_to_end(self) -> None:
        async def talk() -> None:
            async with self.open("/", subprotocols=["chat.v3", "chat.v2"], compression="deflate") as client:
                self.assertEqual("chat.v2", client.subprotocol)
                self.assertEqual(["permessage-deflate"], [extension.name for extension in client.extensions])
                await client.send("a" * 100_000)
                self.assertEqual("a" * 100_000, await client.recv())

        asyncio.run(talk())
        self.gateway.end()

    def test_codes_of_closing_pass_both_ways(self) -> None:
        async def leave() -> None:
            async with self.open("/") as client:
                await client.send("last")
                await client.recv()
                await client.close(4000, "the client's wish")
            async with self.open("/leave") as client:
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    await client.recv()
                told = closed.exception.rcvd
                self.assertEqual((4001, "the backend's wish"), (told.code, told.reason))

        asyncio.run(leave())
        self.gateway.end()
        self.assertEqual([(4000, "the client's wish")], self.backend.closes)

    def test_a_refusal_of_the_backend_passes(self) -> None:
        async def refused() -> websockets.InvalidStatusCode:
            with self.assertRaises(websockets.InvalidStatusCode) as raised:
                await self.open("/refuse")
            return raised.exception

        answer = asyncio.run(refused())
        self.assertEqual((403, "not here"), (answer.status_code, answer.headers["X-Why"]))
        client = self.connect_h2()
        stream = self.open_h2(client, "/refuse")
        self.assertEqual(("403", "not here"), (stream.head[":status"], stream.head["x-why"]))
        self.gateway.end()

    def test_several_over_one_http2_connection(self) -> None:
        client = self.connect_h2()
        streams = [self.open_h2(client, path) for path in ("/", "/h2", "/second")]
        self.assertEqual(["200"] * 3, [stream.head[":status"] for stream in streams])
        for message in (b"short", LARGE, b"after it"):
            for stream in streams:
                self.assertEqual(message, self.echo_of(client, stream, message))
        for stream in streams:
            self.leave(client, stream)
        self.assertEqual(("CONNECT", "websocket", "/h2"),
                         tuple(self.h2_backend.requests[0][name] for name in (":method", ":protocol", ":path")))
        self.gateway.end()

    def test_an_http2_client_closes(self) -> None:
        client = self.connect_h2()
        stay, leave = self.open_h2(client, "/"), self.open_h2(client, "/")
        self.leave(client, leave, 4002, "enough")
        self.assertEqual(b"still here", self.echo_of(client, stay, b"still here"))
        self.leave(client, stay)
        self.gateway.end()
        self.assertEqual([(4002, "enough"), (1000, "")], self.backend.closes)


class OverTls(WebSocketCase):
    scheme = "https"

    def objects(self, endpoint: str, mark: str = "first") -> list[dict]:
        self.authority = Authority(self.folder)
        found = super().objects(endpoint, mark)
        found[1]["spec"]["listeners"] = [{"name": "https", "port": self.port, "protocol": "HTTPS",
                                          "tls": {"certificateRefs": [{"name": "own"}]}}]
        return [*found, secret("own", self.authority.issue("own", HOST))]

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority.certificate))

    def test_messages_in_either_version_of_http(self) -> None:
        async def talk(path: str) -> None:
            async with self.open(path) as client:
                for message in ("text", LARGE):
                    await client.send(message)
                    self.assertEqual(message, await client.recv())

        client = self.connect_h2()
        for path in ("/", "/h2"):
            with self.subTest(path):
                asyncio.run(talk(path))
                stream = self.open_h2(client, path)
                self.assertEqual(LARGE, self.echo_of(client, stream, LARGE))
                self.leave(client, stream)
        self.gateway.end()


if __name__ == "__main__":
    unittest.main()
