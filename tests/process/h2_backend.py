# SPDX-License-Identifier: Apache-2.0
"""An HTTP/2 backend over plain TCP, by python3-h2: what the gateway's client side meets that is not our own code."""
import socket
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings


class H2Backend:
    """Answers by path: /echo gives the body back, /trailers ends with one, /early sends 103 first, /refuse refuses the
    first stream that asks, /goaway says GOAWAY after its answer, /reset breaks off, anything else is "ok"."""

    def __init__(self, max_streams: int = 100):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.max_streams = max_streams
        self.connections = 0
        self.requests: list[dict[str, str]] = []
        self.refused = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        conn.local_settings = h2.settings.Settings(client=False, initial_values={
            h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: self.max_streams,
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 65535})
        conn.initiate_connection()
        heads: dict[int, dict[str, str]] = {}
        bodies: dict[int, bytes] = {}
        unsent: dict[int, tuple[bytes, list]] = {}
        try:
            peer.sendall(conn.data_to_send())
            while data := peer.recv(65536):
                for event in conn.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        heads[event.stream_id], bodies[event.stream_id] = dict(event.headers), b""
                    elif isinstance(event, h2.events.DataReceived):
                        bodies[event.stream_id] += event.data
                        conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, h2.events.StreamEnded):
                        self._answer(conn, event.stream_id, heads[event.stream_id], bodies[event.stream_id], unsent)
                for stream in list(unsent):
                    self._go_on(conn, stream, unsent)
                peer.sendall(conn.data_to_send())
        except (OSError, h2.exceptions.ProtocolError):
            pass
        finally:
            peer.close()

    def _answer(self, conn, stream: int, head: dict[str, str], body: bytes, unsent: dict) -> None:
        path = head[":path"]
        with self._lock:
            self.requests.append(head)
            if path == "/refuse" and self.refused == 0:
                self.refused = 1
                conn.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
                return
        if path == "/early":
            conn.send_headers(stream, [(":status", "103"), ("link", "<a>")])
        answer = body if path == "/echo" else b"ok"
        conn.send_headers(stream, [(":status", "200"), ("x-from", "h2")])
        if path == "/reset":
            conn.send_data(stream, b"half")
            conn.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
            return
        unsent[stream] = (answer, [("x-end", "1")] if path == "/trailers" else [])
        self._go_on(conn, stream, unsent)
        if path == "/goaway":
            conn.close_connection(last_stream_id=stream)

    @staticmethod
    def _go_on(conn, stream: int, unsent: dict) -> None:
        try:
            answer, trailers = unsent[stream]
            while answer:
                room = min(conn.local_flow_control_window(stream), conn.max_outbound_frame_size)
                if room == 0:
                    unsent[stream] = (answer, trailers)
                    return
                conn.send_data(stream, answer[:room])
                answer = answer[room:]
            if trailers:
                conn.send_headers(stream, trailers, end_stream=True)
            else:
                conn.end_stream(stream)
        except h2.exceptions.ProtocolError:
            pass  # the gateway has reset it
        del unsent[stream]
