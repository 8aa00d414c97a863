#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs gatehouse, nginx, HAProxy, Envoy and the floor side by side and compares CPU per request.

One worker each, pinned to one core; wrk and the backend (150-byte answers) on the other. Rounds are interleaved:
each round loads every proxy once, so a slow minute of the machine hits all of them. Figures are medians.
--quick is for tuning: gatehouse, floor and nginx at 64 connections in about half a minute."""
import argparse
import contextlib
import sys
import tempfile
import pathlib

import large_table
import peers
import report
from processes import CannotServe, Server, prepare, two_cores
from report import Figures, Row, Sample
from wrk import run_wrk

ROWS = {
    "64": Row("64 connections, 1 rule", 64, 1),
    "64-1k": Row("64 connections, 1,000 rules", 64, 1000),
    "512": Row("512 connections, 1 rule", 512, 1),
    "10k": Row("64 connections, 10,000 routes on 1,000 hosts, 5 header filters", 64, 10_000, hosts=1000),
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds per row (default 5)")
    parser.add_argument("--seconds", type=int, default=4, help="seconds per proxy and round (default 4)")
    parser.add_argument("--only", help="comma-separated proxies: " + ",".join(peers.START))
    parser.add_argument("--rows", default=",".join(ROWS), help="comma-separated rows: " + ",".join(ROWS))
    parser.add_argument("--smoke", action="store_true", help="one round of 2 s: does everything still run?")
    parser.add_argument("--quick", action="store_true", help="gatehouse, floor, nginx; row 64; 3 rounds of 2 s")
    parser.add_argument("--out", default=str(peers.ROOT / "build/bench"), help="folder of load.json and load.md")
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
    return {name: lambda *where, start=peers.START[name]: start(*where, row.rules) for name in names}


def request_path(row: Row) -> str:
    return f"{peers.rule_prefix(0)}/get" if row.is_large else peers.request_path(row.rules)


def start_all(names: list[str], row: Row, backend: int, core: int, folder: pathlib.Path,
              stack: contextlib.ExitStack, notes: list[str]) -> list[Server]:
    """Every proxy that can serve; the others are named in `notes`."""
    serving = []
    for name, start in starters(names, row).items():
        try:
            server = stack.enter_context(start(folder, core, backend))
            server.wait_until_serving(request_path(row))
            serving.append(server)
        except CannotServe as reason:
            note = f"{row.name}: {name} skipped: {reason}"
            notes.append(note)
            print(note, flush=True)
    return serving


def measure(server: Server, row: Row, seconds: int, core: int, script: pathlib.Path | None) -> Sample:
    before = server.cpu()
    load = run_wrk(server.port, request_path(row), row.connections, seconds, core, script)
    return Sample.of(load, server.cpu() - before, server.rss_bytes())


def run_row(args: argparse.Namespace, row: Row, cores: tuple[int, int], backend: Server,
            folder: pathlib.Path, notes: list[str]) -> dict[str, Figures]:
    proxy_core, load_core = cores
    script = large_table.script(folder, row.rules, row.hosts) if row.is_large else None
    with contextlib.ExitStack() as stack:
        servers = start_all(args.proxies, row, backend.port, proxy_core, folder, stack, notes)
        samples: dict[str, list[Sample]] = {server.name: [] for server in servers}
        for server in servers:  # warm connections, caches and allocators
            measure(server, row, 1, load_core, script)
        for number in range(args.rounds):
            turn = number % max(1, len(servers))
            for server in servers[turn:] + servers[:turn]:
                sample = measure(server, row, args.seconds, load_core, script)
                samples[server.name].append(sample)
                print(f"{row.name}, round {number + 1}/{args.rounds}: {server.name:10}"
                      f" {sample.user_us + sample.system_us:7.2f} us/req {sample.per_second:10,.0f} req/s", flush=True)
    return {name: Figures.of(found) for name, found in samples.items() if found}


def main() -> int:
    args = arguments()
    prepare()
    cores = two_cores()
    notes: list[str] = []
    table: report.Table = {}
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        folder = pathlib.Path(name)
        try:
            backend = peers.start_backend(folder, cores[1])
        except CannotServe as reason:
            print(f"bench: no backend: {reason}", file=sys.stderr)
            return 2
        with backend:
            backend.wait_until_serving("/get")
            for row in args.row_list:
                table[row] = run_row(args, row, cores, backend, folder, notes)

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
