#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Edits the configuration of a running gateway again and again while wrk loads it over kept and over new
connections, and WebSockets, gRPC streams, HTTP/2 connections, TCP tunnels and TLS connections that are passed through
count; every edit is seen in effect before the next. Nothing may fail or be lost."""
import argparse
import contextlib
import os
import pathlib
import socket
import ssl
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "process"))
sys.dont_write_bytecode = True

try:
    import grpc  # noqa: F401
    import h2  # noqa: F401
except ImportError:  # they are packages of Debian's Python
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])

import objects  # noqa: E402
import servers  # noqa: E402
from certificates import Authority, secret  # noqa: E402
from config_folder import HOW, ConfigFolder  # noqa: E402
from grpc_load import Chats  # noqa: E402
from http2_load import Http2Connections  # noqa: E402
from load import Tunnels, WebSockets, Wrk, client_hello  # noqa: E402
from servers import Failed, fetch, is_refused, require, wait_until  # noqa: E402

HOST = "load.example.com"
TLS_HOST = "tunnel.example.com"
CHAT_HOST = "chat.example.com"
LOOKS = 6  # answers in a row over new connections: every worker shows the new state


class Certificates:
    """Certificates for the same names, all of one authority."""

    def __init__(self, folder: pathlib.Path, count: int = 3):
        self._authority = Authority(folder)
        self.files = [self._authority.issue(f"own{number}", "*.example.com") for number in range(count)]
        self.trust = ssl.create_default_context(cafile=str(self._authority.certificate))
        self.trust.set_alpn_protocols(["h2", "http/1.1"])
        self.authority = self._authority.certificate.read_bytes()

    def shown_on(self, port: int) -> int:
        """Which of them a new connection gets to see."""
        with socket.create_connection(("127.0.0.1", port), timeout=servers.PATIENCE) as plain:
            with self.trust.wrap_socket(plain, server_hostname=HOST) as secured:
                shown = ssl.DER_cert_to_PEM_cert(secured.getpeercert(binary_form=True))
        return next(number for number, (file, _) in enumerate(self.files) if shown.strip() in file.read_text())


class World:
    """The desired state as data; an edit changes it and rewrites the file that holds it."""

    def __init__(self, folder: ConfigFolder, backends: list[servers.Echo], plain: list[servers.PlainEcho],
                 chats: list[str], certificates: Certificates):
        self.folder, self.backends, self.plain, self.chats = folder, backends, plain, chats
        self.certificates = certificates
        self.port, self.secure_port, self.listener_port, self.gateway_port, self.tcp_port, self.tls_port = \
            servers.free_ports(6)
        self.kept = "a"
        self.names = [self.kept]
        self.service = "steady"
        self.mark = "start"
        self.main_ports = [self.port]
        self.certificate = 0
        self.write_gateway("swap")
        self.write_secret(0, 0, "swap")
        self.write_tunnels("swap")
        self.write_route("swap")
        self.write_services("swap")

    def write_gateway(self, how: str) -> None:
        secure = objects.listener(self.secure_port, "HTTPS", tls={"certificateRefs": [{"name": "own"}]})
        plain = [objects.listener(port, "HTTP") for port in self.main_ports]
        self.folder.write("gateway.yaml", objects.text_of(
            [objects.gateway_class(), objects.gateway_of("main", [*plain, secure])]), how)

    def write_secret(self, certificate: int, key: int, how: str) -> None:
        files = self.certificates.files
        self.folder.write("secret.yaml", objects.text_of([secret("own", (files[certificate][0], files[key][1]))]), how)

    def write_tunnels(self, how: str) -> None:
        """A Gateway whose routes lead to one of two backends; open connections stay with the one they have."""
        passthrough = objects.listener(self.tls_port, "TLS", hostname="*.example.com", tls={"mode": "Passthrough"})
        backend = self.plain["ab".index(self.kept)]
        self.folder.write("tunnels.yaml", objects.text_of(
            [objects.gateway_of("tunnels", [objects.listener(self.tcp_port, "TCP"), passthrough]),
             objects.l4_route("TCPRoute", "tcp", "tunnels", f"tcp{self.tcp_port}", "plain"),
             objects.l4_route("TLSRoute", "tls", "tunnels", f"tls{self.tls_port}", "plain", [TLS_HOST]),
             objects.service("plain", [backend.tcp])]), how)

    def write_route(self, how: str) -> None:
        route = objects.http_route("steady", "main", HOST, self.service, response_headers={"X-Mark": self.mark})
        chat = objects.http_route("chat", "main", CHAT_HOST, "chat", response_headers={"X-Mark": self.mark})
        chat["kind"] = "GRPCRoute"
        chat["spec"]["rules"][0]["matches"] = [{"method": {"service": "reload.Chat"}}]
        self.folder.write("route.yaml", objects.text_of([route, chat]), how)

    def write_services(self, how: str) -> None:
        chosen = [backend.endpoint for backend, name in zip(self.backends, "ab") if name in self.names]
        third = [self.backends[2].endpoint]
        chat = objects.service("chat", [self.chats["ab".index(name)] for name in self.names])
        chat["spec"]["ports"][0]["appProtocol"] = "kubernetes.io/h2c"
        self.folder.write("services.yaml", objects.text_of(
            [objects.service("steady", chosen), objects.service("other", third), chat]), how)

    def write_extra_route(self, value: str, how: str) -> None:
        route = objects.http_route("extra", "main", HOST, "other", prefix="/extra", request_headers={"X-Edit": value})
        self.folder.write("extra.yaml", objects.text_of([route]), how)

    def write_second_gateway(self, how: str) -> None:
        self.folder.write("second.yaml", objects.text_of(
            [objects.gateway("second", [self.gateway_port]),
             objects.http_route("second", "second", HOST, "other")]), how)

    # what a probe sees

    def mark_is(self, value: str) -> bool:
        return all(fetch(self.port, "/probe", HOST).headers.get("X-Mark") == value for _ in range(LOOKS))

    def extra_is(self, value: str | None) -> bool:
        return all(fetch(self.port, "/extra", HOST).echoed("X-Edit") == value for _ in range(LOOKS))

    def certificate_is(self, number: int) -> bool:
        return all(self.certificates.shown_on(self.secure_port) == number for _ in range(LOOKS))

    def pods_are(self, names: set[str]) -> bool:
        return {fetch(self.port, "/probe", HOST).json()["pod"] for _ in range(2 * LOOKS)} == names


def edits(world: World, count: int):
    """Yields (name, edit, what it must bring). The cycle of eleven kinds and the three ways to write have no
    common factor, so in time every kind is done in every way."""
    for number in range(count):
        how, value = HOW[number % len(HOW)], f"edit-{number}"
        yield how, *_edit(world, number % 11, value, how)


def _edit(world: World, kind: int, value: str, how: str):
    if kind == 0:
        return "route added", lambda: world.write_extra_route(value, how), lambda: world.extra_is(value)
    if kind == 1:
        def more_endpoints():
            world.names = ["a", "b"]
            world.write_services(how)
        return "endpoint added", more_endpoints, lambda: world.pods_are({"a", "b"})
    if kind == 2:
        def listen():
            world.main_ports = [world.port, world.listener_port]
            world.write_gateway(how)
        return "listener added", listen, lambda: fetch(world.listener_port, "/probe", HOST).status == 200
    if kind == 3:
        def other_mark():
            world.mark = value
            world.write_route(how)
        return "steady route changed", other_mark, lambda: world.mark_is(value)
    if kind == 4:
        return ("Gateway added", lambda: world.write_second_gateway(how),
                lambda: fetch(world.gateway_port, "/probe", HOST).status == 200)
    if kind == 5:
        def one_endpoint():
            world.kept = "b" if world.kept == "a" else "a"
            world.names = [world.kept]
            world.write_tunnels(how)
            world.write_services(how)
        return "endpoint removed", one_endpoint, lambda: world.pods_are(set(world.names))
    if kind == 6:
        return "route changed", lambda: world.write_extra_route(value, how), lambda: world.extra_is(value)
    if kind == 7:
        def stop_listening():
            world.main_ports = [world.port]
            world.write_gateway(how)
        return "listener removed", stop_listening, lambda: is_refused(world.listener_port)
    if kind == 8:
        return "route removed", lambda: world.folder.remove("extra.yaml", how), lambda: world.extra_is(None)
    if kind == 9:
        def exchange_certificate():
            """Key and certificate are two writes: between them they do not fit, and the old ones stay in use."""
            old, world.certificate = world.certificate, (world.certificate + 1) % len(world.certificates.files)
            world.write_secret(old, world.certificate, how)
            require(world.certificate_is(old), "a key without its certificate took the old one away")
            world.write_secret(world.certificate, world.certificate, how)
        return "certificate exchanged", exchange_certificate, lambda: world.certificate_is(world.certificate)
    return "Gateway removed", lambda: world.folder.remove("second.yaml", how), lambda: is_refused(world.gateway_port)


def run_edits(world: World, count: int) -> list[float]:
    took = []
    for number, (how, name, edit, seen) in enumerate(edits(world, count)):
        begin = time.monotonic()
        edit()
        wait_until(f"edit {number}, {name} ({how}), takes effect", seen)
        took.append(time.monotonic() - begin)
    return took


@contextlib.contextmanager
def held_open(args: argparse.Namespace, world: World, chats: Chats):
    """What stays open meanwhile, by name. All of it has had an answer; at the end nothing may be lost."""
    tls = (world.secure_port, world.certificates)
    held = {"WebSockets": WebSockets(world.port, HOST, args.websockets),
            "TCP tunnels": Tunnels(world.tcp_port, args.tunnels),
            "TLS connections passed through": Tunnels(world.tls_port, args.passthrough, client_hello(TLS_HOST)),
            "HTTP/2 connections": Http2Connections(world.port, tls[0], tls[1].trust, HOST, args.http2)}
    chats.open(world.port, tls[0], tls[1].authority, args.grpc)
    for each in held.values():
        each.wait_until_open()
    held["gRPC streams"] = chats
    yield held
    for each in held.values():
        each.finish()


def run(args: argparse.Namespace, folder: pathlib.Path) -> None:
    with contextlib.ExitStack() as stack:
        backends = [stack.enter_context(servers.Echo(folder, name)) for name in "abc"]
        plain = [stack.enter_context(servers.PlainEcho(folder)) for _ in "ab"]
        chats = Chats(CHAT_HOST)
        world = World(ConfigFolder(folder / "conf"), backends, plain, chats.backends, Certificates(folder))
        gateway = stack.enter_context(servers.Gateway(folder, folder / "conf", "--workers", str(args.workers),
                                                      "--drain-delay", "100ms", "--drain-timeout", "20s"))
        gateway.wait_until_ready()
        with held_open(args, world, chats) as held:
            url = f"http://127.0.0.1:{world.port}/load"
            with Wrk(folder, "kept", url, args.connections, f"Host: {HOST}") as kept, \
                    Wrk(folder, "new", url, args.connections, f"Host: {HOST}", "Connection: close") as new:
                took = run_edits(world, args.edits)
                requests = kept.finish(), new.finish()
            wait_until("at most two runtimes live while connections are open",
                       lambda: gateway.metric("gatehouse_runtimes_live") <= 2)
            errors = gateway.metric("gatehouse_config_errors_total")
        gateway.end()
    require(errors == 0, f"{errors:.0f} changes were refused")
    print(f"{args.edits} edits, edit to effect: mean {statistics.mean(took) * 1000:.1f} ms, "
          f"max {max(took) * 1000:.1f} ms\n"
          f"{requests[0]} requests over kept and {requests[1]} over new connections, none failed")
    for name, each in held.items():
        print(f"{each.count} {name}: {each.tally.echoed} echoes, none lost; slowest {each.tally.slowest * 1000:.0f} ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--connections", type=int, default=8, help="of each wrk")
    parser.add_argument("--websockets", type=int, default=100)
    parser.add_argument("--tunnels", type=int, default=100)
    parser.add_argument("--passthrough", type=int, default=50)
    parser.add_argument("--grpc", type=int, default=500, help="streams")
    parser.add_argument("--http2", type=int, default=200, help="connections")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    servers.allow_many_files()
    with tempfile.TemporaryDirectory(prefix="gatehouse-reload-") as name:
        try:
            run(args, pathlib.Path(name))
        except Failed as failure:
            print(f"FAILED: {failure}", file=sys.stderr)
            for log in sorted(pathlib.Path(name).glob("run-*.err")):
                lines = log.read_text(errors="replace").splitlines()
                bad = [line for line in lines[:-15] if " info " not in line]
                print("\n".join(bad[:15] + lines[-15:]), file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
