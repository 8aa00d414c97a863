# SPDX-License-Identifier: Apache-2.0
"""Kubernetes objects of a test, and files of them. They are written as JSON, which is YAML too."""
import json

GATEWAY_API = "gateway.networking.k8s.io/v1"


def gateway_class() -> dict:
    return {"apiVersion": GATEWAY_API, "kind": "GatewayClass", "metadata": {"name": "gatehouse"},
            "spec": {"controllerName": "gatehouse.dev/gateway-controller"}}


def gateway(name: str, ports: list[int]) -> dict:
    """A Gateway with one HTTP listener for each port."""
    listeners = [{"name": f"p{port}", "port": port, "protocol": "HTTP"} for port in ports]
    return {"apiVersion": GATEWAY_API, "kind": "Gateway", "metadata": {"name": name},
            "spec": {"gatewayClassName": "gatehouse", "listeners": listeners}}


def listener(port: int, protocol: str, **rest) -> dict:
    return {"name": f"{protocol.lower()}{port}", "port": port, "protocol": protocol, **rest}


def gateway_of(name: str, listeners: list[dict]) -> dict:
    return {"apiVersion": GATEWAY_API, "kind": "Gateway", "metadata": {"name": name},
            "spec": {"gatewayClassName": "gatehouse", "listeners": listeners}}


def l4_route(kind: str, name: str, parent: str, section: str, service: str, hostnames: list[str] | None = None) -> dict:
    """A TCPRoute, UDPRoute or TLSRoute to port 80 of a Service."""
    spec = {"parentRefs": [{"name": parent, "sectionName": section}],
            "rules": [{"backendRefs": [{"name": service, "port": 80}]}]}
    if hostnames:
        spec["hostnames"] = hostnames
    return {"apiVersion": GATEWAY_API, "kind": kind, "metadata": {"name": name}, "spec": spec}


def http_route(name: str, parent: str, host: str, service: str, prefix: str = "/",
               request_headers: dict[str, str] | None = None, response_headers: dict[str, str] | None = None) -> dict:
    filters = []
    for kind, headers in (("request", request_headers), ("response", response_headers)):
        if headers:
            fields = [{"name": name, "value": value} for name, value in headers.items()]
            filters.append({"type": f"{kind.capitalize()}HeaderModifier", f"{kind}HeaderModifier": {"set": fields}})
    rule = {"matches": [{"path": {"type": "PathPrefix", "value": prefix}}],
            "filters": filters, "backendRefs": [{"name": service, "port": 80}]}
    return {"apiVersion": GATEWAY_API, "kind": "HTTPRoute", "metadata": {"name": name},
            "spec": {"parentRefs": [{"name": parent}], "hostnames": [host], "rules": [rule]}}


def service(name: str, endpoints: list[str], protocol: str = "TCP") -> dict:
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "annotations": {"gatehouse.dev/endpoints": ",".join(endpoints)}},
            "spec": {"ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": protocol}]}}


def named_service(name: str, target: str, port: int) -> dict:
    """A Service that stands for a DNS name."""
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"type": "ExternalName", "externalName": target, "ports": [{"name": "http", "port": port}]}}


def text_of(objects: list[dict]) -> str:
    return "".join(f"---\n{json.dumps(item, indent=2)}\n" for item in objects)
