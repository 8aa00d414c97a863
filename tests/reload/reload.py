#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Edits the configuration of a running gateway again and again while wrk loads it over kept and over new
connections, and WebSockets, TCP tunnels and TLS connections that are passed through count; every edit is seen in effect before the next. Nothing may fail or be lost."""
import argparse
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "process"))
sys.dont_write_bytecode = True

import objects  # noqa: E402
import servers  # noqa: E402
from config_folder import HOW, ConfigFolder  # noqa: E402
from load import Tunnels, WebSockets, Wrk, client_hello  # noqa: E402
from servers import Failed, fetch, is_refused, require, wait_until  # noqa: E402

HOST = "load.example.com"
TLS_HOST = "tunnel.example.com"
LOOKS = 6  # answers in a row over new connections: every worker shows the new state


class World:
    """The desired state as data; an edit changes it and rewrites the file that holds it."""

    def __init__(self, folder: ConfigFolder, backends: list[servers.Echo], plain: list[servers.PlainEcho],
                 ports: list[int]):
        self.folder, self.backends, self.plain = folder, backends, plain
        self.port, self.listener_port, self.gateway_port, self.tcp_port, self.tls_port = ports
        self.kept = "a"
        self.names = [self.kept]
        self.service = "steady"
        self.mark = "start"
        self.main_ports = [self.port]
        self.write_gateway("swap")
        self.write_tunnels("swap")
        self.write_route("swap")
        self.write_services("swap")

    def write_gateway(self, how: str) -> None:
        self.folder.write("gateway.yaml", objects.text_of(
            [objects.gateway_class(), objects.gateway("main", self.main_ports)]), how)

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
        self.folder.write("route.yaml", objects.text_of([route]), how)

    def write_services(self, how: str) -> None:
        chosen = [backend.endpoint for backend, name in zip(self.backends, "ab") if name in self.names]
        third = [self.backends[2].endpoint]
        self.folder.write("services.yaml", objects.text_of(
            [objects.service("steady", chosen), objects.service("other", third)]), how)

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

    def pods_are(self, names: set[str]) -> bool:
        return {fetch(self.port, "/probe", HOST).json()["pod"] for _ in range(2 * LOOKS)} == names


def edits(world: World, count: int):
    """Yields (name, edit, what it must bring). The cycle of ten kinds and the three ways to write have no common
    factor, so in time every kind is done in every way."""
    for number in range(count):
        how, value = HOW[number % len(HOW)], f"edit-{number}"
        yield how, *_edit(world, number % 10, value, how)


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
    return "Gateway removed", lambda: world.folder.remove("second.yaml", how), lambda: is_refused(world.gateway_port)


def run_edits(world: World, count: int) -> list[float]:
    took = []
    for number, (how, name, edit, seen) in enumerate(edits(world, count)):
        begin = time.monotonic()
        edit()
        wait_until(f"edit {number}, {name} ({how}), takes effect", seen)
        took.append(time.monotonic() - begin)
    return took


def run(args: argparse.Namespace, folder: pathlib.Path) -> None:
    ports = servers.free_ports(5)
    with servers.Echo(folder, "a") as a, servers.Echo(folder, "b") as b, servers.Echo(folder, "c") as c, \
            servers.PlainEcho(folder) as plain_a, servers.PlainEcho(folder) as plain_b:
        world = World(ConfigFolder(folder / "conf"), [a, b, c], [plain_a, plain_b], ports)
        with servers.Gateway(folder, folder / "conf", "--workers", str(args.workers), "--drain-delay", "100ms",
                             "--drain-timeout", "20s") as gateway:
            gateway.wait_until_ready()
            sockets = WebSockets(world.port, HOST, args.websockets)
            sockets.wait_until_open()
            tunnels = Tunnels(world.tcp_port, args.tunnels)
            passed = Tunnels(world.tls_port, args.passthrough, client_hello(TLS_HOST))
            for each in tunnels, passed:
                each.wait_until_open()
            url = f"http://127.0.0.1:{world.port}/load"
            with Wrk(folder, "kept", url, args.connections, f"Host: {HOST}") as kept, \
                    Wrk(folder, "new", url, args.connections, f"Host: {HOST}", "Connection: close") as new:
                took = run_edits(world, args.edits)
                requests = kept.finish(), new.finish()
            wait_until("at most two runtimes live while tunnels are open",
                       lambda: gateway.metric("gatehouse_runtimes_live") <= 2)
            errors = gateway.metric("gatehouse_config_errors_total")
            for each in sockets, tunnels, passed:
                each.finish()
            gateway.end()
    require(errors == 0, f"{errors:.0f} changes were refused")
    tally = sockets.tally
    print(f"{args.edits} edits, edit to effect: mean {statistics.mean(took) * 1000:.1f} ms, "
          f"max {max(took) * 1000:.1f} ms\n"
          f"{requests[0]} requests over kept and {requests[1]} over new connections, none failed\n"
          f"{args.websockets} WebSockets, {tally.echoed} echoes, none lost; slowest {tally.slowest * 1000:.0f} ms\n"
          f"{args.tunnels} TCP tunnels and {args.passthrough} TLS connections passed through, "
          f"{tunnels.tally.echoed + passed.tally.echoed} echoes, none lost")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--connections", type=int, default=8, help="of each wrk")
    parser.add_argument("--websockets", type=int, default=100)
    parser.add_argument("--tunnels", type=int, default=100)
    parser.add_argument("--passthrough", type=int, default=50)
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
