# SPDX-License-Identifier: Apache-2.0
"""Requests at a steady rate, whatever becomes of them: every one is a record of what its client saw."""
import re
import selectors
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field

import servers

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
GRACE = 5.0  # seconds for the last answers


@dataclass
class Record:
    """One request. Status 0: the connection ended instead of an answer, or none came."""
    sent: float
    ended: float = 0.0
    status: int = 0
    body: bytes = b""


@dataclass
class Connection:
    socket: socket.socket
    record: Record | None = None
    received: bytearray = field(default_factory=bytearray)


class PacedLoad(threading.Thread):
    """GETs over kept connections on a thread of its own, from start() to finish(). A request is sent when its time has
    come; another connection is opened when all are busy."""

    def __init__(self, port: int, host: str, rate: int):
        super().__init__(daemon=True)
        self._port, self._pause = port, 1 / rate
        self._request = f"GET /paced HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        self._selector = selectors.DefaultSelector()
        self._idle: list[Connection] = []
        self._ending = threading.Event()
        self.records: deque[Record] = deque()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.finish()

    def finish(self) -> list[Record]:
        self._ending.set()
        self.join()
        return list(self.records)

    def run(self) -> None:
        next_time = time.monotonic()
        end = None
        while end is None or (time.monotonic() < end and len(self._idle) < len(self._selector.get_map())):
            if self._ending.is_set():
                end = end or time.monotonic() + GRACE
            else:
                while next_time <= time.monotonic():
                    self._send()
                    next_time += self._pause
            timeout = 0.05 if end else max(0.0, next_time - time.monotonic())
            for key, _ in self._selector.select(timeout):
                self._receive(key.data)
        for key in list(self._selector.get_map().values()):
            key.data.socket.close()

    def _send(self) -> None:
        record = Record(time.monotonic())
        self.records.append(record)
        connection = self._idle.pop() if self._idle else self._connect()
        connection.record = record
        try:
            connection.socket.sendall(self._request)
        except OSError:
            self._end(connection)

    def _connect(self) -> Connection:
        connection = Connection(socket.create_connection(("127.0.0.1", self._port), timeout=servers.PATIENCE))
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        return connection

    def _receive(self, connection: Connection) -> None:
        try:
            piece = connection.socket.recv(65536)
        except OSError:
            piece = b""
        if not piece:
            return self._end(connection)
        connection.received += piece
        head_end = connection.received.find(b"\r\n\r\n")
        if head_end < 0 or connection.record is None:
            return None
        length = LENGTH.search(connection.received, 0, head_end + 2)
        whole = head_end + 4 + int(length[1]) if length else head_end + 4
        if len(connection.received) < whole:
            return None
        record, connection.record = connection.record, None
        record.status = int(connection.received[9:12])
        record.body = bytes(connection.received[head_end + 4:whole])
        record.ended = time.monotonic()
        connection.received.clear()
        self._idle.append(connection)
        return None

    def _end(self, connection: Connection) -> None:
        if connection.record:
            connection.record.ended = time.monotonic()
        if connection in self._idle:
            self._idle.remove(connection)
        self._selector.unregister(connection.socket)
        connection.socket.close()


def is_good(record: Record) -> bool:
    return record.status == 200


def summary(records: list[Record]) -> str:
    statuses: dict[int, int] = {}
    for record in records:
        statuses[record.status] = statuses.get(record.status, 0) + 1
    return ", ".join(f"{count} x {status or 'no answer'}" for status, count in sorted(statuses.items())) or "none"
