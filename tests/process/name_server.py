# SPDX-License-Identifier: Apache-2.0
"""A name server on the loopback, over UDP and TCP, that knows the IPv4 addresses a test gives it."""
import socket
import struct
import threading

A = 1
MOST_OVER_UDP = 512


class NameServer:
    """Names it does not know do not exist; a name whose addresses are None gets no answer at all. Over UDP more records
    than fit into 512 bytes are left out, which the answer says (RFC 1035 4.2.1)."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.tcp_address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.zones: dict[str, tuple[list[str] | None, int]] = {}
        self.questions: list[str] = []
        for run in self._run, self._run_tcp:
            threading.Thread(target=run, daemon=True).start()

    def set(self, name: str, addresses: list[str] | None, ttl: int = 1) -> None:
        self.zones[name] = (addresses, ttl)

    def close(self) -> None:
        self._socket.close()
        self._listener.close()

    def _run(self) -> None:
        while True:
            try:
                query, sender = self._socket.recvfrom(4096)
            except OSError:
                return
            answer = self._answer(query, MOST_OVER_UDP)
            if answer:
                self._socket.sendto(answer, sender)

    def _run_tcp(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, client.makefile("rb") as queries:
                while size := queries.read(2):
                    answer = self._answer(queries.read(*struct.unpack("!H", size)), 65535) or b""
                    client.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, query: bytes, most: int) -> bytes | None:
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        name, kind = ".".join(labels), struct.unpack_from("!H", query, at + 1)[0]
        self.questions.append(name)
        question = query[12:at + 5]
        if name not in self.zones:
            return query[:2] + struct.pack("!5H", 0x8183, 1, 0, 0, 0) + question
        addresses, ttl = self.zones[name]
        if addresses is None:
            return None
        records = [struct.pack("!HHHIH", 0xC00C, A, 1, ttl, 4) + socket.inet_aton(address)
                   for address in addresses if kind == A]
        fit = records[:(most - 12 - len(question)) // 16]
        flags = 0x8180 if len(fit) == len(records) else 0x8380
        return query[:2] + struct.pack("!5H", flags, 1, len(fit), 0, 0) + question + b"".join(fit)
