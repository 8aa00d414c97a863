# SPDX-License-Identifier: Apache-2.0
"""A large table of gatehouse's own: many routes on many hosts, each with five header filters, asked at random.

It is compared with gatehouse's own one-rule table under the same requests, in the same rounds."""
import pathlib

import own
from processes import HOST, Server
from table import rule_prefix

FILTERS = """    filters:
    - type: RequestHeaderModifier
      requestHeaderModifier:
        set: [{name: X-Tenant, value: "tenant"}, {name: X-Stage, value: "production"}]
        add: [{name: X-Trace, value: "on"}]
    - type: ResponseHeaderModifier
      responseHeaderModifier:
        set: [{name: X-Served-By, value: "gatehouse"}]
        remove: [Server]
"""


def host(number: int) -> str:
    return HOST if number == 0 else f"h{number}.{HOST}"


def yaml(backend: int, routes: int, hosts: int) -> str:
    """`routes` HTTPRoutes spread evenly over `hosts` hostnames, each for a path prefix of its own."""
    documents = [own.objects(backend)]
    for number in range(routes):
        documents.append(f"""apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: bench-{number}, namespace: default}}
spec:
  parentRefs: [{{name: bench}}]
  hostnames: [{host(number % hosts)}]
  rules:
  - matches: [{{path: {{type: PathPrefix, value: {rule_prefix(number // hosts)}}}}}]
{FILTERS}    backendRefs: [{{name: backend, port: 80}}]
""")
    return "---\n".join(documents)


def script(folder: pathlib.Path, routes: int, hosts: int) -> pathlib.Path:
    """A Lua file for wrk: hosts and prefixes at random, the texts made beforehand."""
    file = folder / "large_table.lua"
    file.write_text(f"""local requests = {{}}
function init(args)
  math.randomseed(1)
  for i = 1, 8192 do
    local n = math.random(0, {hosts - 1})
    local host = n == 0 and "{HOST}" or "h" .. n .. ".{HOST}"
    local path = string.format("/r%04d/get", math.random(0, {routes // hosts - 1}))
    requests[i] = wrk.format("GET", path, {{["Host"] = host}})
  end
end
local at = 0
function request()
  at = at % #requests + 1
  return requests[at]
end
""")
    return file


def start_large(folder: pathlib.Path, core: int, backend: int, routes: int, hosts: int) -> Server:
    return own.serve_yaml("gatehouse", yaml(backend, routes, hosts), folder, core)


def start_one_rule(folder: pathlib.Path, core: int, backend: int) -> Server:
    return own.serve_yaml("one-rule", own.yaml(backend, 1, any_host=True), folder, core)
