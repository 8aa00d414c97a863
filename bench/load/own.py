# SPDX-License-Identifier: Apache-2.0
"""Gatehouse in a run: its objects as YAML, and how it is started."""
import json
import os
import pathlib

from processes import HOST, ROOT, CannotServe, Server, free_port
from scene import PLAIN, Scene, certificate
from table import rule_prefix

RULES_PER_ROUTE = 16  # Gateway API's limit for one HTTPRoute


def objects(backend: int, scene: Scene = PLAIN, folder: pathlib.Path | None = None) -> str:
    """A Gateway for every host and a Service in front of the backend. A secure scene has its certificate there."""
    listener = {"http": "protocol: HTTP", "h2c": "protocol: HTTP", "tcp": "protocol: TCP",
                "https": "protocol: HTTPS, tls: {certificateRefs: [{name: bench}]}"}[scene.front]
    protocol = ", appProtocol: kubernetes.io/h2c" if scene.backend == "grpc" else ""
    documents = ["""apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: gatehouse}
spec: {controllerName: gatehouse.dev/gateway-controller}
""", f"""apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: bench, namespace: default}}
spec:
  gatewayClassName: gatehouse
  listeners:
  - {{name: front, port: 80, {listener}}}
""", f"""apiVersion: v1
kind: Service
metadata:
  name: backend
  namespace: default
  annotations: {{gatehouse.dev/endpoints: "127.0.0.1:{backend}"}}
spec:
  ports:
  - {{name: http, port: 80, targetPort: {backend}{protocol}}}
"""]
    if scene.is_secure:
        files = certificate(folder, scene.key)
        documents.append(f"""apiVersion: v1
kind: Secret
metadata: {{name: bench, namespace: default}}
type: kubernetes.io/tls
stringData:
  tls.crt: {json.dumps(files.certificate.read_text())}
  tls.key: {json.dumps(files.key.read_text())}
""")
    return "---\n".join(documents)


def yaml(backend: int, rules: int, any_host: bool = False) -> str:
    """objects() with `rules` rules in as many HTTPRoutes as they need."""
    prefixes = ["/"] if rules == 1 else [rule_prefix(n) for n in range(rules)]
    documents = [objects(backend)]
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


def scene_yaml(backend: int, scene: Scene, folder: pathlib.Path) -> str:
    """objects() with one route of the kind that the scene asks for."""
    kind = "TCPRoute" if scene.front == "tcp" else "GRPCRoute" if scene.backend == "grpc" else "HTTPRoute"
    hostnames = "" if scene.front == "tcp" else f"  hostnames: [{HOST}]\n"
    return objects(backend, scene, folder) + f"""---
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: bench, namespace: default}}
spec:
  parentRefs: [{{name: bench}}]
{hostnames}  rules:
  - backendRefs: [{{name: backend, port: 80}}]
"""


def command(program: pathlib.Path, config: pathlib.Path, port: int) -> list[str]:
    return [str(program), "run", "-f", str(config), "--workers", "1", "--address-pool", "127.0.0.1",
            "--port-map", f"80={port}", "--admin-address", "off"]


def start_gatehouse(folder: pathlib.Path, core: int, backend: int, rules: int, scene: Scene = PLAIN) -> Server:
    text = yaml(backend, rules) if scene == PLAIN else scene_yaml(backend, scene, folder)
    return serve_yaml("gatehouse", text, folder, core)


def serve_yaml(name: str, text: str, folder: pathlib.Path, core: int) -> Server:
    program = pathlib.Path(os.environ.get("GATEHOUSE") or ROOT / "build/bench/gatehouse")
    if not program.exists():
        raise CannotServe(f"gatehouse is not built ({program})")
    port = free_port()
    config = folder / f"{name}.yaml"
    config.write_text(text)
    return Server(name, command(program, config, port), port, core, folder / f"{name}.log")
