# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 connections by python3-h2 while the configuration changes: none may end, each counts."""
import asyncio
import ssl
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from load import Tally
from servers import Failed, PATIENCE


class Http2Connections:
    """Connections on a thread of their own; each asks for a page every `interval`; every second one is over TLS.
    GOAWAY, a reset, an end or an answer other than 200 is a problem."""

    def __init__(self, port: int, tls_port: int, trust: ssl.SSLContext, host: str, count: int, interval: float = 2.0):
        self._ports, self._trust, self._host = (port, tls_port), trust, host
        self.count, self._interval = count, interval
        self.tally = Tally()
        self._stop = threading.Event()
        self._connected = threading.Semaphore(0)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run_all()), daemon=True)
        self._thread.start()

    def wait_until_open(self) -> None:
        for _ in range(self.count):
            if not self._connected.acquire(timeout=PATIENCE):
                raise Failed(f"not every HTTP/2 connection opened: {self.tally.problems[:3]}")

    def finish(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            raise Failed("the HTTP/2 connections do not end")
        self.tally.require_all("HTTP/2 connections")

    async def _run_all(self) -> None:
        await asyncio.gather(*(self._run_one(number) for number in range(self.count)))

    async def _run_one(self, number: int) -> None:
        try:
            secure = number % 2 == 1
            tls = {"ssl": self._trust, "server_hostname": self._host} if secure else {}
            reader, writer = await asyncio.open_connection("127.0.0.1", self._ports[secure], **tls)
            conn = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
            conn.initiate_connection()
            head = [(":method", "GET"), (":scheme", "https" if secure else "http"), (":path", "/kept"),
                    (":authority", self._host)]
            await self._ask(conn, reader, writer, head)
            self._connected.release()
            while not self._stop.is_set():  # so that the last answer comes when all changes are over
                await asyncio.sleep(self._interval)
                await self._ask(conn, reader, writer, head)
            conn.close_connection()
            writer.write(conn.data_to_send())
            writer.close()
        except (OSError, EOFError, ValueError, asyncio.TimeoutError, h2.exceptions.H2Error) as error:
            self.tally.problems.append(f"connection {number}: {type(error).__name__} {error}")
            self._connected.release()

    async def _ask(self, conn, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: list) -> None:
        begin = time.monotonic()
        stream = conn.get_next_available_stream_id()
        conn.send_headers(stream, head, end_stream=True)
        writer.write(conn.data_to_send())
        self.tally.sent += 1
        while not self._take(conn, stream, writer, await asyncio.wait_for(reader.read(65536), PATIENCE)):
            pass
        self.tally.echoed += 1
        self.tally.slowest = max(self.tally.slowest, time.monotonic() - begin)

    @staticmethod
    def _take(conn, stream: int, writer: asyncio.StreamWriter, data: bytes) -> bool:
        """True when the answer is complete."""
        if not data:
            raise EOFError("the connection ended")
        is_complete = False
        for event in conn.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived) and dict(event.headers)[":status"] != "200":
                raise ValueError(f"answered {event.headers}")
            if isinstance(event, (h2.events.ConnectionTerminated, h2.events.StreamReset)):
                raise ValueError(str(event))
            if isinstance(event, h2.events.DataReceived):
                conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            is_complete = is_complete or isinstance(event, h2.events.StreamEnded) and event.stream_id == stream
        writer.write(conn.data_to_send())
        return is_complete
