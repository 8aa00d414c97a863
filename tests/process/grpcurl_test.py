#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gRPC with grpcurl (grpc-go) in front and grpcio behind: all kinds of calls over plain TCP and over TLS."""
import json
import subprocess
import sys
import threading
import unittest

sys.dont_write_bytecode = True

from grpc_test import GrpcServer, field, grpc_route  # noqa: E402  first: it finds the Python that has grpcio
import grpc  # noqa: E402
import objects  # noqa: E402
from cases import HOST, GatewayCase  # noqa: E402
from certificates import Authority, secret  # noqa: E402
from servers import PATIENCE, ROOT, go_tool, require  # noqa: E402

SERVICE = "test.Texts"
UNIMPLEMENTED, DEADLINE_EXCEEDED, UNAVAILABLE = 12, 4, 14


def decode(message: bytes) -> str:
    """The text of a `Text`, which is short here."""
    require(not message or message[0] == 0x0A and message[1] == len(message) - 2, f"no message of ours: {message!r}")
    return message[2:].decode()


def encode(text: str) -> bytes:
    return field(1, text.encode()) if text else b""


class Texts(grpc.GenericRpcHandler):
    def __init__(self):
        self.over = threading.Event()

    def service(self, details: grpc.HandlerCallDetails):
        kinds = {"Greet": grpc.unary_unary_rpc_method_handler, "Join": grpc.stream_unary_rpc_method_handler,
                 "Letters": grpc.unary_stream_rpc_method_handler, "Shout": grpc.stream_stream_rpc_method_handler,
                 "Fail": grpc.unary_unary_rpc_method_handler, "Hang": grpc.unary_unary_rpc_method_handler}
        service, method = details.method[1:].split("/")
        if service != SERVICE or method not in kinds:
            return None
        return kinds[method](getattr(self, method.lower()), decode, encode)

    def greet(self, request: str, context: grpc.ServicerContext) -> str:
        context.send_initial_metadata((("x-from", "server"),))
        context.set_trailing_metadata((("x-last", "word"),))
        return f"hello {request}, {dict(context.invocation_metadata()).get('x-user')}"

    def join(self, requests, context) -> str:
        return "+".join(requests)

    def letters(self, request: str, context):
        yield from request

    def shout(self, requests, context):
        for request in requests:
            yield request.upper()

    def fail(self, request: str, context) -> str:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no: 100 % wrong é")

    def hang(self, request: str, context) -> str:
        context.add_callback(self.over.set)
        self.over.wait(PATIENCE)
        return ""


class OverPlainTcp(GatewayCase):
    flags = ("-plaintext",)

    def setUp(self) -> None:
        super().setUp()
        self.server = GrpcServer(Texts())
        self.addCleanup(self.server.stop)
        self.write_config(f"127.0.0.1:{self.server.port}")
        self.gateway = self.start_gateway()

    def objects(self, endpoint: str, mark: str = "first") -> list[dict]:
        return [objects.gateway_class(), objects.gateway("main", [self.port]),
                grpc_route("texts", [{"service": SERVICE}]), objects.service("backend", [endpoint])]

    def grpcurl(self, method: str, *texts: str, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        command = [go_tool("grpcurl"), *self.flags, "-authority", HOST, "-max-time", str(int(PATIENCE)), *flags,
                   "-import-path", str(ROOT / "tests/process"), "-proto", "texts.proto", "-d", "@",
                   f"127.0.0.1:{self.port}", f"{SERVICE}/{method}"]
        said = "".join(json.dumps({"text": text}) for text in texts)
        return subprocess.run(command, input=said, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)

    def answers(self, method: str, *texts: str) -> list[str]:
        done = self.grpcurl(method, *texts)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        decoder, found, rest = json.JSONDecoder(), [], done.stdout.strip()
        while rest:
            message, end = decoder.raw_decode(rest)
            found.append(message["text"])
            rest = rest[end:].strip()
        return found

    def code_of(self, done: subprocess.CompletedProcess) -> int:
        """grpcurl ends with 64 and the status (one that is not OK)."""
        return done.returncode - 64

    def test_all_kinds_of_calls(self) -> None:
        self.assertEqual(["hello world, None"], self.answers("Greet", "world"))
        self.assertEqual(["a+b+c"], self.answers("Join", "a", "b", "c"))
        self.assertEqual(list("letters"), self.answers("Letters", "letters"))
        self.assertEqual(["ONE", "TWO", "THREE"], self.answers("Shout", "one", "two", "three"))
        self.gateway.end()

    def test_metadata_passes_both_ways(self) -> None:
        done = self.grpcurl("Greet", "you", flags=("-v", "-H", "x-user: ann"))
        self.assertIn("hello you, ann", done.stdout)
        headers, _, trailers = done.stdout.partition("Response trailers received:")
        self.assertIn("x-from: server", headers)
        self.assertIn("x-last: word", trailers)
        self.gateway.end()

    def test_statuses_of_server_and_gateway(self) -> None:
        failed = self.grpcurl("Fail", "x")
        self.assertEqual(grpc.StatusCode.FAILED_PRECONDITION.value[0], self.code_of(failed))
        self.assertIn("no: 100 % wrong é", failed.stderr)
        other = self.grpcurl("Greet", "x", flags=("-authority", "other.example.com"))
        self.assertEqual(UNIMPLEMENTED, self.code_of(other))
        hung = self.grpcurl("Hang", "x", flags=("-max-time", "0.5"))
        self.assertEqual(DEADLINE_EXCEEDED, self.code_of(hung))
        self.assertTrue(self.server.handler.over.wait(PATIENCE), "the server's call was not cancelled")
        self.server.stop()
        self.assertEqual(UNAVAILABLE, self.code_of(self.grpcurl("Greet", "x")))
        self.gateway.end()


class OverTls(OverPlainTcp):
    def objects(self, endpoint: str, mark: str = "first") -> list[dict]:
        authority = Authority(self.folder)
        self.flags = ("-cacert", str(authority.certificate))
        found = super().objects(endpoint, mark)
        found[1]["spec"]["listeners"] = [{"name": "https", "port": self.port, "protocol": "HTTPS",
                                          "tls": {"certificateRefs": [{"name": "texts"}]}}]
        return [*found, secret("texts", authority.issue("texts", "*.example.com"))]


if __name__ == "__main__":
    unittest.main()
