#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gRPC with a server and clients that are not ours (grpcio): all kinds of calls, deadlines, gRPC-Web, authorization."""
import base64
import concurrent.futures
import http.client
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

sys.dont_write_bytecode = True

try:
    import grpc
except ImportError:  # it is a package of Debian's Python
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])

import objects  # noqa: E402
import servers  # noqa: E402
from cases import HOST, GatewayCase  # noqa: E402
from servers import PATIENCE  # noqa: E402

SERVICE = "test.Echo"
AUTHORIZATION = "envoy.service.auth.v3.Authorization"
FOLDER = pathlib.Path(__file__).resolve().parents[2]


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


class Handler(grpc.GenericRpcHandler):
    """Messages are plain bytes. Every answer says what the server saw of the request's metadata."""

    def __init__(self):
        self.cancelled = threading.Event()
        self.waiting = threading.Event()
        self.checks: list[bytes] = []
        self.is_serving = True
        self.asked_health: list[bytes] = []
        self.calls = 0

    def service(self, details: grpc.HandlerCallDetails):
        handlers = {
            f"/{SERVICE}/Unary": grpc.unary_unary_rpc_method_handler(self.unary),
            f"/{SERVICE}/Collect": grpc.stream_unary_rpc_method_handler(self.collect),
            f"/{SERVICE}/Count": grpc.unary_stream_rpc_method_handler(self.count),
            f"/{SERVICE}/Chat": grpc.stream_stream_rpc_method_handler(self.chat),
            f"/{SERVICE}/Fail": grpc.unary_unary_rpc_method_handler(self.fail),
            f"/{SERVICE}/Wait": grpc.unary_unary_rpc_method_handler(self.wait),
            "/grpc.health.v1.Health/Check": grpc.unary_unary_rpc_method_handler(self.health),
            f"/{AUTHORIZATION}/Check": grpc.unary_unary_rpc_method_handler(self.check),
        }
        return handlers.get(details.method)

    def health(self, request: bytes, context) -> bytes:
        self.asked_health.append(request)
        return field(1, 1 if self.is_serving else 2)

    def unary(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self.calls += 1
        context.send_initial_metadata((("x-from", "server"),))
        context.set_trailing_metadata((("x-last", "word"), ("x-bytes-bin", b"\x00\xff")))
        user = dict(context.invocation_metadata()).get("x-user", "nobody")
        return request + b" for " + user.encode()

    def collect(self, requests, context) -> bytes:
        return b",".join(requests)

    def count(self, request: bytes, context):
        for number in range(int(request)):
            yield str(number).encode()

    def chat(self, requests, context):
        for request in requests:
            yield request.upper()

    def fail(self, request: bytes, context) -> bytes:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no: 100 % wrong é")

    def wait(self, request: bytes, context) -> bytes:
        context.add_callback(self.cancelled.set)
        self.waiting.set()
        self.cancelled.wait(PATIENCE)
        return b""

    def check(self, request: bytes, context) -> bytes:
        """Allows what has the header x-token: good, and says who that is."""
        self.checks.append(request)
        if b"\n\x07x-token\x12\x04good" in request:
            header = field(1, field(1, b"x-user") + field(2, b"ann"))
            return field(1, b"") + field(3, field(2, header))
        header = field(1, field(1, b"x-why") + field(2, b"token"))
        return field(1, field(1, 7)) + field(2, field(1, field(1, 401)) + field(2, header) + field(3, b"who are you?"))


class GrpcServer:
    def __init__(self, handler: grpc.GenericRpcHandler | None = None):
        self.handler = handler or Handler()
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
        self._server.add_generic_rpc_handlers((self.handler,))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def stop(self) -> None:
        self._server.stop(None).wait()


def grpc_route(name: str, methods: list[dict], filters: list[dict] | None = None, port: int = 80) -> dict:
    rule = {"matches": [{"method": method} for method in methods],
            "backendRefs": [{"name": "backend", "port": port}]}
    if filters:
        rule["filters"] = filters
    return {"apiVersion": objects.GATEWAY_API, "kind": "GRPCRoute", "metadata": {"name": name},
            "spec": {"parentRefs": [{"name": "main"}], "hostnames": [HOST], "rules": [rule]}}


class GrpcCase(GatewayCase):
    filters: list[dict] = []

    def setUp(self) -> None:
        super().setUp()
        self.server = GrpcServer()
        self.addCleanup(self.server.stop)
        self.write_config(f"127.0.0.1:{self.server.port}")
        self.gateway = self.start_gateway()
        self.channel = self.open_channel()

    def objects(self, endpoint: str, mark: str = "first") -> list[dict]:
        return [objects.gateway_class(), self.gateway_object(),
                grpc_route("calls", [{"service": SERVICE}, {"service": AUTHORIZATION}], self.filters),
                objects.service("backend", [endpoint])]

    def gateway_object(self) -> dict:
        return objects.gateway("main", [self.port])

    def open_channel(self) -> grpc.Channel:
        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", self.channel_options())
        self.addCleanup(channel.close)
        return channel

    @staticmethod
    def channel_options() -> list[tuple]:
        return [("grpc.default_authority", HOST), ("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)]

    def unary(self, method: str):
        return self.channel.unary_unary(f"/{SERVICE}/{method}")

    def code_of(self, call, *arguments, **options) -> tuple[grpc.StatusCode, str]:
        with self.assertRaises(grpc.RpcError) as raised:
            call(*arguments, timeout=options.pop("timeout", PATIENCE), **options)
        return raised.exception.code(), raised.exception.details()


class Calls(GrpcCase):
    def test_unary_with_metadata_in_head_and_trailers(self):
        answer, call = self.unary("Unary").with_call(b"hello", timeout=PATIENCE, metadata=(("x-user", "bob"),))
        self.assertEqual(b"hello for bob", answer)
        self.assertEqual("server", dict(call.initial_metadata())["x-from"])
        self.assertEqual(("word", b"\x00\xff"), tuple(dict(call.trailing_metadata())[name] for name in ("x-last", "x-bytes-bin")))
        self.assertEqual(grpc.StatusCode.OK, call.code())

    def test_client_streaming(self):
        call = self.channel.stream_unary(f"/{SERVICE}/Collect")
        self.assertEqual(b"a,b,c", call(iter((b"a", b"b", b"c")), timeout=PATIENCE))

    def test_server_streaming(self):
        call = self.channel.unary_stream(f"/{SERVICE}/Count")
        self.assertEqual([str(i).encode() for i in range(500)], list(call(b"500", timeout=PATIENCE)))

    def test_bidirectional_streaming_answers_each_message_as_it_comes(self):
        turn = threading.Semaphore(1)

        def requests():
            for word in (b"one", b"two", b"three"):
                turn.acquire()
                yield word

        said = []
        for answer in self.channel.stream_stream(f"/{SERVICE}/Chat")(requests(), timeout=PATIENCE):
            said.append(answer)
            turn.release()
        self.assertEqual([b"ONE", b"TWO", b"THREE"], said)

    def test_messages_larger_than_every_window(self):
        message = os.urandom(3 * 1024 * 1024)
        self.assertEqual(message + b" for nobody", self.unary("Unary")(message, timeout=PATIENCE))

    def test_many_streams_at_once(self):
        calls = [self.unary("Unary").future(str(i).encode(), timeout=PATIENCE) for i in range(200)]
        self.assertEqual([f"{i} for nobody".encode() for i in range(200)], [call.result() for call in calls])

    def test_a_status_of_the_server_passes_as_it_is(self):
        self.assertEqual((grpc.StatusCode.FAILED_PRECONDITION, "no: 100 % wrong é"),
                         self.code_of(self.unary("Fail"), b""))

    def test_no_route_is_unimplemented(self):
        code, _ = self.code_of(self.channel.unary_unary("/other.Service/Method"), b"")
        self.assertEqual(grpc.StatusCode.UNIMPLEMENTED, code)

    def test_a_deadline_ends_the_call_on_both_sides(self):
        code, _ = self.code_of(self.unary("Wait"), b"", timeout=0.5)
        self.assertEqual(grpc.StatusCode.DEADLINE_EXCEEDED, code)
        self.assertTrue(self.server.handler.cancelled.wait(PATIENCE))

    def test_a_client_that_cancels_cancels_the_call_of_the_server(self):
        call = self.unary("Wait").future(b"", timeout=PATIENCE)
        self.assertTrue(self.server.handler.waiting.wait(PATIENCE))
        call.cancel()
        self.assertTrue(self.server.handler.cancelled.wait(PATIENCE))

    def test_a_server_that_is_gone_is_unavailable(self):
        self.unary("Unary")(b"first", timeout=PATIENCE)
        self.server.stop()
        code, _ = self.code_of(self.unary("Unary"), b"")
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, code)
        self.gateway.end()


class Web(GrpcCase):
    """By hand over HTTP/1.1, as a browser sends it."""

    def ask(self, method: str, message: bytes, text: bool) -> tuple[http.client.HTTPResponse, bytes]:
        frame = b"\0" + len(message).to_bytes(4, "big") + message
        kind = "application/grpc-web-text" if text else "application/grpc-web+proto"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request("POST", f"/{SERVICE}/{method}", base64.b64encode(frame) if text else frame,
                           {"Host": HOST, "Content-Type": kind, "X-Grpc-Web": "1"})
        answer = connection.getresponse()
        body = answer.read()
        return answer, body

    @staticmethod
    def frames_of(body: bytes) -> list[tuple[int, bytes]]:
        frames = []
        while body:
            size = int.from_bytes(body[1:5], "big")
            frames.append((body[0], body[5:5 + size]))
            body = body[5 + size:]
        return frames

    @staticmethod
    def decode(body: bytes) -> bytes:
        """Each group of four stands for itself: padding may come in the middle."""
        return b"".join(base64.b64decode(body[i:i + 4]) for i in range(0, len(body), 4))

    def test_binary(self):
        answer, body = self.ask("Unary", b"hello", text=False)
        self.assertEqual((200, "application/grpc-web"), (answer.status, answer.headers["Content-Type"].partition("+")[0]))
        (flags, message), (last, trailers) = self.frames_of(body)
        self.assertEqual((0, b"hello for nobody", 0x80), (flags, message, last))
        self.assertIn(b"grpc-status: 0\r\n", trailers)
        self.assertIn(b"x-last: word\r\n", trailers)

    def test_text(self):
        answer, body = self.ask("Count", b"3", text=True)
        self.assertTrue(answer.headers["Content-Type"].startswith("application/grpc-web-text"))
        frames = self.frames_of(self.decode(body))
        self.assertEqual([(0, b"0"), (0, b"1"), (0, b"2")], frames[:3])
        self.assertIn(b"grpc-status: 0\r\n", frames[3][1])

    def test_a_status_without_a_message_is_in_the_body(self):
        answer, body = self.ask("Fail", b"", text=False)
        [(flags, trailers)] = self.frames_of(body)
        self.assertEqual((200, 0x80, None), (answer.status, flags, answer.headers["grpc-status"]))
        self.assertIn(b"grpc-status: 9\r\n", trailers)

    def test_grpc_over_http1_gets_its_statuses(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request("POST", "/other.Service/Method", b"", {"Host": HOST, "Content-Type": "application/grpc"})
        answer = connection.getresponse()
        self.assertEqual((200, "12", b""), (answer.status, answer.headers["grpc-status"], answer.read()))


class Authorized(GrpcCase):
    """An HTTPRoute asks over gRPC; what it leads to is an HTTP/1.1 backend."""

    def objects(self, endpoint: str, mark: str = "first") -> list[dict]:
        self.echo = self.start_echo()
        route = objects.http_route("guarded", "main", HOST, "web")
        route["spec"]["rules"][0]["filters"] = [
            {"type": "ExternalAuth", "externalAuth": {
                "protocol": "GRPC", "backendRef": {"name": "auth", "port": 80}, "grpc": {}}}]
        return [objects.gateway_class(), self.gateway_object(), route, objects.service("auth", [endpoint]),
                objects.service("web", [f"127.0.0.1:{self.echo.port}"])]

    def test_who_is_allowed_passes_with_the_servers_headers(self):
        answer = servers.fetch(self.port, "/headers", HOST, **{"X-Token": "good", "X-User": "forged"})
        self.assertEqual(200, answer.status)
        self.assertIn("ann", answer.body.decode())
        self.assertNotIn("forged", answer.body.decode())
        [check] = self.server.handler.checks
        self.assertIn(b"/headers", check)

    def test_who_is_denied_gets_the_servers_answer(self):
        answer = servers.fetch(self.port, "/", HOST)
        self.assertEqual((401, "token", b"who are you?"), (answer.status, answer.headers["X-Why"], answer.body))

    def test_a_grpc_client_is_denied_in_its_own_words(self):
        code, details = self.code_of(self.unary("Unary"), b"")
        self.assertEqual((grpc.StatusCode.UNAUTHENTICATED, "who are you?"), (code, details))


class Health(GrpcCase):
    """Two servers, asked for the health of the service."""

    def setUp(self) -> None:
        self.other = GrpcServer()
        self.addCleanup(self.other.stop)
        super().setUp()

    def objects(self, endpoint: str, mark: str = "first") -> list[dict]:
        policy = {"apiVersion": "gatehouse.dev/v1alpha1", "kind": "BackendTrafficPolicy", "metadata": {"name": "checks"},
                  "spec": {"targetRefs": [{"group": "", "kind": "Service", "name": "backend"}],
                           "healthCheck": {"active": {"grpc": {"service": SERVICE}, "interval": "100ms",
                                                      "unhealthyThreshold": 1, "healthyThreshold": 1}}}}
        *others, _ = super().objects(endpoint, mark)
        return [*others, objects.service("backend", [endpoint, f"127.0.0.1:{self.other.port}"]), policy]

    def shares(self) -> tuple[int, int]:
        handlers = (self.server.handler, self.other.handler)
        before = [handler.calls for handler in handlers]
        for _ in range(20):
            self.unary("Unary")(b"", timeout=PATIENCE)
        return tuple(handler.calls - count for handler, count in zip(handlers, before))

    def test_a_service_that_does_not_serve_gets_no_calls_until_it_does(self):
        servers.wait_until("both are asked", lambda: self.server.handler.asked_health and self.other.handler.asked_health)
        self.assertEqual(field(1, SERVICE.encode()), self.other.handler.asked_health[0])
        self.assertTrue(all(self.shares()))
        self.other.handler.is_serving = False
        servers.wait_until("the other is left out", lambda: self.shares() == (20, 0))
        self.other.handler.is_serving = True
        servers.wait_until("the other is back", lambda: all(self.shares()))
        self.gateway.end()


class OverTls(GrpcCase):
    def setUp(self) -> None:
        self.certificates = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        subprocess.run([str(FOLDER / "examples/make-certificates"), str(self.certificates)], check=True,
                       capture_output=True, stdin=subprocess.DEVNULL)
        super().setUp()

    def write_config(self, endpoint: str, mark: str = "first") -> None:
        super().write_config(endpoint, mark)
        self.config.with_name("secrets.yaml").write_text((self.certificates / "secrets.yaml").read_text())

    def gateway_object(self) -> dict:
        gateway = super().gateway_object()
        gateway["spec"]["listeners"] = [{"name": "https", "port": self.port, "protocol": "HTTPS",
                                         "tls": {"certificateRefs": [{"name": "example-ecdsa"}]}}]
        return gateway

    def open_channel(self) -> grpc.Channel:
        trust = grpc.ssl_channel_credentials((self.certificates / "ca.crt").read_bytes())
        channel = grpc.secure_channel(f"127.0.0.1:{self.port}", trust, [
            *self.channel_options(), ("grpc.ssl_target_name_override", HOST)])
        self.addCleanup(channel.close)
        return channel

    def test_all_kinds_of_calls(self):
        self.assertEqual(b"hello for nobody", self.unary("Unary")(b"hello", timeout=PATIENCE))
        collect = self.channel.stream_unary(f"/{SERVICE}/Collect")
        self.assertEqual(b"a,b", collect(iter((b"a", b"b")), timeout=PATIENCE))
        count = self.channel.unary_stream(f"/{SERVICE}/Count")
        self.assertEqual([b"0", b"1"], list(count(b"2", timeout=PATIENCE)))
        chat = self.channel.stream_stream(f"/{SERVICE}/Chat")
        self.assertEqual([b"X", b"Y"], list(chat(iter((b"x", b"y")), timeout=PATIENCE)))


if __name__ == "__main__":
    unittest.main()
