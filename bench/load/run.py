#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs gatehouse, nginx, HAProxy, Envoy and the floor side by side and compares CPU per request, handshake or GiB.

One worker each, pinned to one core; load (wrk, h2load, s_time) and backend (150-byte answers) on the other. Rounds are
interleaved: each round loads every proxy once, so a slow minute of the machine hits all of them. Figures are medians.
--quick is for tuning: gatehouse, floor and nginx at 64 connections in about half a minute."""
import argparse
import contextlib
import sys
import tempfile
import pathlib

import h2load
import large_table
import peers
import report
from processes import ROOT, CannotServe, Server, prepare, two_cores
from report import Figures, Row, Sample
from resumption import run_resumed
from scene import GRPC_HEADERS, SIZES, Scene, ask, message_file
from table import request_path, rule_prefix
from wrk import Load, run_wrk

TLS = Scene(front="https")
ROWS = {
    "64": Row("64 connections, 1 rule", 64, 1),
    "64-1k": Row("64 connections, 1,000 rules", 64, 1000),
    "512": Row("512 connections, 1 rule", 512, 1),
    "10k": Row("64 connections, 10,000 routes on 1,000 hosts, 5 header filters", 64, 10_000, hosts=1000),
    "tls": Row("TLS 1.3, HTTP/1.1, 64 connections", 64, scene=TLS),
    "handshakes": Row("full TLS handshakes (P-256), one request each", 90, scene=TLS, load="handshakes",
                      unit="handshake"),
    "resumed": Row("resumed TLS handshakes, one request each", 8, scene=TLS, load="resumed", unit="handshake"),
    "h2-tls": Row("HTTP/2 over TLS, 32 connections, 10 streams each", 32, scene=TLS, load="h2load", streams=10),
    "h2c": Row("HTTP/2 over plain TCP, 32 connections, 10 streams each", 32, scene=Scene(front="h2c"), load="h2load",
               streams=10),
    "grpc": Row("gRPC unary, HTTP/2 over TLS to HTTP/2, 32 connections, 10 streams each", 32,
                scene=Scene(front="https", backend="grpc"), load="h2load", streams=10, headers=GRPC_HEADERS),
    "1m": Row("answers of 1 MiB, 16 connections", 16, unit="GiB", path="/1m"),
    "100m": Row("answers of 100 MiB, 4 connections", 4, unit="GiB", path="/100m"),
    "connections": Row("a new connection for each request, 64 at once", 64, unit="connection",
                       headers=("Connection: close",)),
    "tcp": Row("TCP route, answers of 100 MiB, 4 connections", 4, scene=Scene(front="tcp"), unit="GiB", path="/100m"),
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds per row (default 5)")
    parser.add_argument("--seconds", type=int, default=4, help="seconds per proxy and round (default 4)")
    parser.add_argument("--only", help="comma-separated proxies: " + ",".join(peers.START))
    parser.add_argument("--rows", default=",".join(ROWS), help="comma-separated rows: " + ",".join(ROWS))
    parser.add_argument("--smoke", action="store_true", help="one round of 2 s: does everything still run?")
    parser.add_argument("--quick", action="store_true", help="gatehouse, floor, nginx; row 64; 3 rounds of 2 s")
    parser.add_argument("--out", default=str(ROOT / "build/bench"), help="folder of load.json and load.md")
    args = parser.parse_args()
    if args.smoke:
        args.rounds, args.seconds = 1, 2
    if args.quick:
        args.rounds, args.seconds, args.rows = 3, 2, "64"
        args.only = args.only or "gatehouse,floor,nginx"
    args.proxies = _known(args.only or ",".join(peers.START), peers.START, parser)
    args.row_list = [ROWS[name] for name in _known(args.rows, ROWS, parser)]
    return args


def _known(text: str, table: dict, parser: argparse.ArgumentParser) -> list[str]:
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in table:
            parser.error(f"unknown name {name!r}; known: {', '.join(table)}")
    return names


def starters(names: list[str], row: Row) -> dict:
    """By name: a function of folder, core and the backend's port."""
    if row.is_large:
        return {"gatehouse": lambda *where: large_table.start_large(*where, row.rules, row.hosts),
                "one-rule": large_table.start_one_rule}
    return {name: lambda *where, start=peers.START[name]: start(*where, row.rules, row.scene)
            for name in names if name != "floor" or row.is_basic}


def path_of(row: Row) -> str:
    if row.is_large:
        return f"{rule_prefix(0)}/get"
    return request_path(row.rules) if row.is_basic else row.path or row.scene.path


def start_all(names: list[str], row: Row, backend: int, core: int, folder: pathlib.Path,
              stack: contextlib.ExitStack, notes: list[str]) -> list[Server]:
    """Every proxy that can serve; the others are named in `notes`."""
    serving = []
    path = path_of(row)
    for name, start in starters(names, row).items():
        try:
            server = stack.enter_context(start(folder, core, backend))
            server.wait_until_serving(path, size=SIZES.get(path, SIZES["/get"]),
                                      ask=lambda port, path: ask(row.scene, port, path, folder))
            serving.append(server)
        except CannotServe as reason:
            note = f"{row.name}: {name} skipped: {reason}"
            notes.append(note)
            print(note, flush=True)
    return serving


def apply_load(server: Server, row: Row, seconds: int, core: int, folder: pathlib.Path) -> Load:
    path = path_of(row)
    scheme = "https" if row.scene.is_secure else "http"
    if row.load == "handshakes":
        return h2load.run_handshakes(server.port, path, row.connections, seconds, core)
    if row.load == "resumed":
        return run_resumed(server.port, path, seconds, core)
    if row.load == "h2load":
        message = message_file(folder) if row.scene.backend == "grpc" else None
        return h2load.run_streams(server.port, path, row.connections, row.streams, seconds, core, scheme, message,
                                  row.headers)
    script = large_table.script(folder, row.rules, row.hosts) if row.is_large else None
    return run_wrk(server.port, path, row.connections, seconds, core, script, scheme, row.headers)


def measure(server: Server, row: Row, seconds: int, core: int, folder: pathlib.Path) -> Sample:
    before = server.cpu()
    load = apply_load(server, row, seconds, core, folder)
    return Sample.of(load, server.cpu() - before, server.rss_bytes(), row.unit)


def run_row(args: argparse.Namespace, row: Row, cores: tuple[int, int], folder: pathlib.Path,
            notes: list[str]) -> dict[str, Figures]:
    proxy_core, load_core = cores
    with contextlib.ExitStack() as stack:
        backend = start_backend(row, folder, load_core, stack)
        servers = start_all(args.proxies, row, backend.port, proxy_core, folder, stack, notes)
        samples: dict[str, list[Sample]] = {server.name: [] for server in servers}
        for server in servers:  # warm connections, caches and allocators
            measure(server, row, 1, load_core, folder)
        for number in range(args.rounds):
            turn = number % max(1, len(servers))
            for server in servers[turn:] + servers[:turn]:
                sample = measure(server, row, args.seconds, load_core, folder)
                samples[server.name].append(sample)
                print(f"{row.name}, round {number + 1}/{args.rounds}: {server.name:10}"
                      f" {sample.user_us + sample.system_us:10,.2f} us per {row.unit}"
                      f" {sample.per_second:10,.2f} per second", flush=True)
    return {name: Figures.of(found) for name, found in samples.items() if found}


def start_backend(row: Row, folder: pathlib.Path, core: int, stack: contextlib.ExitStack) -> Server:
    if row.scene.backend != "grpc":
        backend = stack.enter_context(peers.start_backend(folder, core))
        backend.wait_until_serving("/get")
        return backend
    backend = stack.enter_context(peers.start_grpc_backend(folder, core))
    scene = Scene(front="h2c", backend="grpc")
    backend.wait_until_serving(scene.path, size=SIZES[scene.path],
                               ask=lambda port, path: ask(scene, port, path, folder))
    return backend


def main() -> int:
    args = arguments()
    prepare()
    cores = two_cores()
    notes: list[str] = []
    table: report.Table = {}
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        for row in args.row_list:
            try:
                table[row] = run_row(args, row, cores, pathlib.Path(name), notes)
            except CannotServe as reason:
                print(f"bench: no backend: {reason}", file=sys.stderr)
                return 2

    void = report.void_reasons(table)
    goals = report.goal_lines(table)
    settings = {"rounds": args.rounds, "seconds": args.seconds, "proxies": args.proxies}
    report.save(table, notes + goals, void, settings, pathlib.Path(args.out), "load")
    print("\n" + report.terminal(table))
    for line in notes + goals:
        print(line)
    for reason in void:
        print(f"VOID: {reason}")
    print(f"written: {args.out}/load.json, load.md")
    return 1 if void else 0


if __name__ == "__main__":
    sys.exit(main())
