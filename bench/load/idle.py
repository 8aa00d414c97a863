#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory of idle keep-alive connections, plain and over TLS: opens them, sends one request on each, and looks at the
proxy's RSS.

HAProxy is given 3,900 connections (its maxconn here is 4,000), the others as many as asked for."""
import argparse
import contextlib
import json
import pathlib
import socket
import ssl
import sys
import tempfile
import time

import peers
from processes import HOST, ROOT, CannotServe, Server, prepare, two_cores
from scene import PLAIN, Scene, ask

REQUEST = f"GET /get HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
MOST = {"haproxy": 3900}
SCENES = {"plain": PLAIN, "tls": Scene(front="https")}


def trust_anyone() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


TRUST = trust_anyone()


def open_idle(port: int, scene: Scene) -> socket.socket:
    """A connection that has had one answer and is idle now."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    if scene.is_secure:
        connection = TRUST.wrap_socket(connection, server_hostname=HOST)
    connection.sendall(REQUEST)
    answer = b""
    while b"\r\n\r\n" not in answer or len(answer) - answer.index(b"\r\n\r\n") - 4 < 150:
        more = connection.recv(4096)
        if not more:
            raise CannotServe("a connection was closed")
        answer += more
    return connection


def bytes_per_connection(server: Server, scene: Scene, count: int) -> float:
    with contextlib.ExitStack() as stack:
        for _ in range(64):  # what the first connections cost once is not theirs alone
            stack.enter_context(open_idle(server.port, scene))
        before = server.rss_bytes()
        for _ in range(count):
            stack.enter_context(open_idle(server.port, scene))
        time.sleep(1)
        return (server.rss_bytes() - before) / count


def look(proxy: str, scene: Scene, count: int, folder: pathlib.Path, core: int, backend: int) -> float:
    with peers.START[proxy](folder, core, backend, 1, scene) as server:
        server.wait_until_serving("/get", ask=lambda port, path: ask(scene, port, path, folder))
        return bytes_per_connection(server, scene, count)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=9900)
    parser.add_argument("--only", default="gatehouse,nginx,haproxy,envoy", help="comma-separated proxies")
    parser.add_argument("--scenes", default=",".join(SCENES), help="comma-separated: " + ",".join(SCENES))
    parser.add_argument("--out", default=str(ROOT / "build/bench"), help="folder of idle.json")
    args = parser.parse_args()
    prepare()
    proxy_core, load_core = two_cores()
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="gatehouse-idle-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        backend = stack.enter_context(peers.start_backend(folder, load_core))
        backend.wait_until_serving("/get")
        for scene in args.scenes.split(","):
            results[scene] = {}
            for proxy in args.only.split(","):
                count = min(args.connections, MOST.get(proxy, args.connections))
                try:
                    found = look(proxy, SCENES[scene], count, folder, proxy_core, backend.port)
                    results[scene][proxy] = found
                    print(f"{scene:6} {proxy:10} {found:8,.0f} bytes for each of {count:,} idle connections",
                          flush=True)
                except (CannotServe, OSError) as reason:
                    print(f"{scene:6} {proxy:10} skipped: {reason}", flush=True)
    pathlib.Path(args.out).mkdir(parents=True, exist_ok=True)
    (pathlib.Path(args.out) / "idle.json").write_text(json.dumps(results, indent=2) + "\n")
    return 0 if any(results.values()) else 2


if __name__ == "__main__":
    sys.exit(main())
