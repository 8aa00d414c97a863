# SPDX-License-Identifier: Apache-2.0
"""WebSockets over HTTP/2 (RFC 8441) by python3-h2, with the frames of python3-websockets: a client and a backend."""
import socket
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
from websockets.connection import SEND_EOF, Connection, Side
from websockets.frames import Frame, Opcode

CONNECT_PROTOCOL = h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL


class Stream:
    """One WebSocket on a stream: what it has received, and what flow control still holds back."""

    def __init__(self, side: Side):
        self.frames = Connection(side, max_size=None)
        self.unsent = b""
        self.head: dict[str, str] = {}
        self.received: list[Frame] = []
        self.is_over = False  # the peer's direction
        self.is_ending = self.has_ended = False  # ours


class H2WebSockets:
    """The streams of one HTTP/2 connection. Not safe for threads."""

    def __init__(self, peer: socket.socket, side: Side):
        self._peer, self._side = peer, side
        self._conn = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=side is Side.CLIENT, header_encoding="utf-8"))
        self.streams: dict[int, Stream] = {}
        self.requests: list[dict[str, str]] = []
        if side is Side.SERVER:
            self._conn.local_settings = h2.settings.Settings(client=False, initial_values={CONNECT_PROTOCOL: 1})
        self._conn.initiate_connection()
        self.flush()

    def allows_websockets(self) -> bool:
        """Once the peer's SETTINGS are here."""
        return self._conn.remote_settings.enable_connect_protocol == 1

    def open(self, host: str, path: str, scheme: str) -> Stream:
        number = self._conn.get_next_available_stream_id()
        self._conn.send_headers(number, [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", scheme),
                                         (":path", path), (":authority", host), ("sec-websocket-version", "13")])
        self.streams[number] = Stream(Side.CLIENT)
        self.flush()
        return self.streams[number]

    def flush(self) -> None:
        for number, stream in self.streams.items():
            self._send_frames(number, stream)
        self._peer.sendall(self._conn.data_to_send())

    def _send_frames(self, number: int, stream: Stream) -> None:
        """What flow control allows, and the end of the stream behind the last frame that its side sends."""
        data = stream.frames.data_to_send()
        stream.unsent += b"".join(data)
        stream.is_ending = stream.is_ending or SEND_EOF in data
        try:
            while stream.unsent and not stream.has_ended:
                room = min(self._conn.local_flow_control_window(number), self._conn.max_outbound_frame_size)
                if room == 0:
                    return
                self._conn.send_data(number, stream.unsent[:room])
                stream.unsent = stream.unsent[room:]
            if stream.is_ending and not stream.has_ended:
                stream.has_ended = True
                self._conn.end_stream(number)
        except h2.exceptions.ProtocolError:
            stream.has_ended = True  # the peer has reset it

    def read_some(self) -> bool:
        """Takes what the peer sends next; false at its end."""
        data = self._peer.recv(65536)
        if not data:
            return False
        for event in self._conn.receive_data(data):
            self._take(event)
        self.flush()
        return True

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self.requests.append(dict(event.headers))
            self.streams[event.stream_id] = Stream(Side.SERVER)
            self._conn.send_headers(event.stream_id, [(":status", "200"), ("x-from", "h2")])
        elif isinstance(event, h2.events.ResponseReceived):
            self.streams[event.stream_id].head = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            stream = self.streams[event.stream_id]
            self._conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if stream.head.get(":status", "200") != "200":
                return  # the text of a refusal
            stream.frames.receive_data(event.data)
            for frame in stream.frames.events_received():
                self._take_frame(stream, frame)
        elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
            self.streams[event.stream_id].is_over = self.streams[event.stream_id].is_ending = True

    def _take_frame(self, stream: Stream, frame: Frame) -> None:
        stream.received.append(frame)
        if self._side is Side.CLIENT:
            return
        echo = {Opcode.TEXT: stream.frames.send_text, Opcode.BINARY: stream.frames.send_binary,
                Opcode.CONT: stream.frames.send_continuation}
        if frame.opcode in echo:
            echo[frame.opcode](frame.data, frame.fin)


class H2WebSocketBackend:
    """Echoes the messages of WebSockets over plain HTTP/2."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[dict[str, str]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            try:
                served = H2WebSockets(peer, Side.SERVER)
                served.requests = self.requests
                while served.read_some():
                    pass
            except (OSError, h2.exceptions.ProtocolError):
                pass  # the gateway's end
