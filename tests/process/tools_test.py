#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""explain, diff, validate and completion as scripts use them: output and exit codes."""
import json
import os
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

import objects  # noqa: E402
from cases import GatewayCase, HOST  # noqa: E402
from command_line_test import EXAMPLE, gatehouse  # noqa: E402
from servers import wait_until  # noqa: E402

# A listener filter that asks nobody, a listener that is not served, a rule without a match that can be served.
GUARDED = """
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: gatehouse}
spec: {controllerName: gatehouse.dev/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: guarded}
spec:
  gatewayClassName: gatehouse
  listeners:
    - name: asking
      port: 8081
      protocol: HTTP
      filters:
        requests:
          - type: ExternalAuth
            externalAuth: {protocol: HTTP, backendRef: {name: missing, port: 80}, http: {}}
    - {name: plain, port: 8082, protocol: HTTP}
    - {name: other, port: 8083, protocol: example.com/OTHER}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: guarded}
spec:
  parentRefs: [{name: guarded}]
  rules:
    - matches:
        - path: {type: RegularExpression, value: "/a("}
      backendRefs: [{name: missing, port: 80}]
    - matches:
        - path: {type: PathPrefix, value: /cors}
      filters: [{type: CORS, cors: {allowOrigins: ["https://a.example.com"]}}]
      backendRefs: [{name: missing, port: 80}]
    - matches:
        - path: {type: PathPrefix, value: /auth}
      filters:
        - type: ExternalAuth
          externalAuth: {protocol: HTTP, backendRef: {name: nobody, port: 80}, http: {}}
      backendRefs: [{name: missing, port: 80}]
    - matches:
        - path: {type: PathPrefix, value: /foreign}
      filters: [{type: ExtensionRef, extensionRef: {group: example.com, kind: Filter, name: x}}]
      backendRefs: [{name: missing, port: 80}]
"""

# Routes of the other kinds.
KINDS = """
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: gatehouse}
spec: {controllerName: gatehouse.dev/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: kinds}
spec:
  gatewayClassName: gatehouse
  listeners:
    - {name: web, port: 8080, protocol: HTTP}
    - {name: tls, port: 8443, protocol: TLS, hostname: "*.example.com", tls: {mode: Passthrough}}
    - {name: tcp, port: 8432, protocol: TCP}
    - {name: udp, port: 8053, protocol: UDP}
    - {name: idle, port: 8433, protocol: TCP}
---
apiVersion: v1
kind: Service
metadata: {name: backend, annotations: {gatehouse.dev/endpoints: "127.0.0.1:9"}}
spec:
  ports: [{name: a, port: 80, appProtocol: kubernetes.io/h2c}, {name: b, port: 53, protocol: UDP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: calls}
spec:
  parentRefs: [{name: kinds, sectionName: web}]
  hostnames: [grpc.example.com]
  rules:
    - matches: [{method: {service: shop.Cart, method: Add}}]
      backendRefs: [{name: backend, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: inside}
spec:
  parentRefs: [{name: kinds, sectionName: tls}]
  hostnames: [inside.example.com]
  rules: [{backendRefs: [{name: backend, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: database}
spec:
  parentRefs: [{name: kinds, sectionName: tcp}]
  rules: [{backendRefs: [{name: backend, port: 80, weight: 3}, {name: backend, port: 80, weight: 1}]}]
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: UDPRoute
metadata: {name: names}
spec:
  parentRefs: [{name: kinds, sectionName: udp}]
  rules: [{backendRefs: [{name: backend, port: 53}]}]
"""

CANARY = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: canary}
spec:
  parentRefs: [{name: main}]
  hostnames: [process.example.com]
  rules:
    - name: testers
      matches:
        - path: {type: PathPrefix, value: /api}
          method: GET
          headers: [{name: x-canary, value: always}]
      timeouts: {request: 5s}
      filters:
        - type: RequestHeaderModifier
          requestHeaderModifier: {set: [{name: x-tester, value: "1"}]}
      backendRefs:
        - {name: backend, port: 80, weight: 3}
        - {name: missing, port: 80, weight: 1}
---
"""


class ToolCase(GatewayCase):
    def setUp(self) -> None:
        super().setUp()
        self.write_config("127.0.0.1:9")
        self.config.write_text(CANARY + self.config.read_text())

    def run_json(self, command: str, *arguments: str) -> tuple[int, dict]:
        ended = gatehouse(command, "-f", str(self.config), *arguments, "--output", "json")
        return ended.returncode, json.loads(ended.stdout)

    def url(self, path: str) -> str:
        return f"http://{HOST}:{self.port}{path}"


class Explain(ToolCase):
    def test_the_winner_comes_with_its_filters_timeouts_and_backends(self):
        status, said = self.run_json("explain", "GET", self.url("/api/x?q=1"), "-H", "x-canary: always")
        self.assertEqual(0, status)
        [answer] = said["answers"]
        self.assertEqual("HTTPRoute/default/canary", answer["route"])
        self.assertEqual("testers", answer["rule_name"])
        self.assertEqual("PathPrefix /api, method GET, header x-canary: always", answer["match"])
        self.assertEqual("5000ms", answer["request_timeout"])
        self.assertEqual("x-tester", answer["request_headers"]["set"][0]["name"])
        self.assertEqual(["75 %", "25 %"], [backend["share"] for backend in answer["backends"]])
        self.assertEqual(["127.0.0.1:9"], answer["backends"][0]["endpoints"])
        self.assertEqual(500, answer["backends"][1]["status"])
        self.assertEqual({"host": HOST, "path": "/api/x", "query": "q=1"},
                         {name: said["request"][name] for name in ("host", "path", "query")})

    def test_each_loser_says_what_it_lost_by(self):
        _, said = self.run_json("explain", "GET", self.url("/api/x"))
        [answer] = said["answers"]
        self.assertEqual("HTTPRoute/default/main", answer["route"])
        self.assertEqual([("HTTPRoute/default/canary", "header x-canary does not match")],
                         [(lost["route"], lost["reason"]) for lost in answer["lost"]])
        _, said = self.run_json("explain", "GET", self.url("/api/x"), "-H", "X-Canary: always")
        self.assertEqual(["its path is shorter"], [lost["reason"] for lost in said["answers"][0]["lost"]])

    def test_a_request_without_a_route_exits_1(self):
        status, said = self.run_json("explain", f"http://other.example.com:{self.port}/")
        self.assertEqual(1, status)
        self.assertEqual(("no_route", 404), (said["answers"][0]["outcome"], said["answers"][0]["status"]))

    def test_a_host_given_as_a_field_counts(self):
        status, said = self.run_json("explain", f"http://127.0.0.1:{self.port}/", "-H", f"Host: {HOST}")
        self.assertEqual(0, status)
        self.assertEqual(HOST, said["request"]["host"])

    def test_a_request_that_is_refused_says_why(self):
        status, said = self.run_json("explain", self.url("/a/../../b"))
        self.assertEqual(1, status)
        self.assertEqual(400, said["answers"][0]["status"])
        self.assertIn("refused", said["answers"][0]["outcome"])

    def test_a_port_without_a_listener_names_those_that_there_are(self):
        ended = gatehouse("explain", "-f", str(self.config), f"http://{HOST}:1/")
        self.assertEqual(1, ended.returncode)
        self.assertIn(f" has {self.port}\n", ended.stdout)

    def test_a_redirect_says_where_to_and_a_rewrite_what_the_backend_sees(self):
        route = objects.http_route("moved", "main", "moved.example.com", "backend", "/old")
        rewrite = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/new"}
        filters = route["spec"]["rules"][0]["filters"]
        filters.append({"type": "URLRewrite", "urlRewrite": {"hostname": "inside.example.com", "path": rewrite}})
        self.config.write_text(self.config.read_text() + objects.text_of([route]))
        _, said = self.run_json("explain", f"http://moved.example.com:{self.port}/old/x?y=1")
        [backend] = said["answers"][0]["backends"]
        self.assertEqual(("inside.example.com", "/new/x"), (backend["sent_host"], backend["sent_path"]))

        filters[:] = [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "path": rewrite}}]
        del route["spec"]["rules"][0]["backendRefs"]
        self.write_config("127.0.0.1:9")
        self.config.write_text(self.config.read_text() + objects.text_of([route]))
        status, said = self.run_json("explain", f"http://moved.example.com:{self.port}/old/x?y=1")
        self.assertEqual((0, "redirected", 302, "https://moved.example.com/new/x?y=1"),
                         (status, *(said["answers"][0][name] for name in ("outcome", "status", "location"))))

    def test_each_field_of_a_policy_says_where_it_comes_from(self):
        ended = gatehouse("explain", "-f", str(EXAMPLE.with_name("policies.yaml")), "-o", "json",
                          "http://www.example.com/")
        [backend] = json.loads(ended.stdout)["answers"][0]["backends"]
        origins = {field["field"]: (field["value"], field["from"]) for field in backend["policy"]}
        self.assertEqual(("500ms", "BackendTrafficPolicy default/site at Service default/site"),
                         origins["timeouts.connect"])
        self.assertEqual(("30000ms", "BackendTrafficPolicy default/everywhere at Gateway default/site"),
                         origins["timeouts.idle"])
        self.assertEqual("maglev", backend["load_balancer"]["kind"])

    def test_what_answers_in_place_of_a_backend_is_the_outcome(self):
        self.config.write_text(GUARDED)
        preflight = ("OPTIONS", "http://x:8082/cors", "-H", "Access-Control-Request-Method: PUT", "-H")
        for arguments, wanted in ((("http://x:8081/cors",), (1, 500, "auth_invalid")),
                                  (("http://x:8082/auth",), (1, 500, "auth_invalid")),
                                  ((*preflight, "Origin: https://a.example.com"), (0, 204, "preflight")),
                                  ((*preflight, "Origin: https://b.example.com"), (1, 403, "cors_origin"))):
            status, said = self.run_json("explain", *arguments)
            [answer] = said["answers"]
            self.assertEqual(wanted, (status, answer["status"], answer["outcome"]), arguments)

    def test_a_fault_is_told_with_its_field_and_rules_are_counted_as_in_the_object(self):
        self.config.write_text(GUARDED)
        _, said = self.run_json("explain", "http://x:8082/cors")
        [answer] = said["answers"]
        self.assertEqual(1, answer["rule"])
        self.assertIn("spec.rules[1].backendRefs[0].name: there is no Service default/missing",
                      answer["backends"][0]["fault"])
        for path, rule in (("/auth", 2), ("/foreign", 3)):
            _, said = self.run_json("explain", "http://x:8082" + path)
            self.assertIn(f"spec.rules[{rule}].filters[0]", said["answers"][0]["fault"])

    def test_a_listener_that_is_not_served_says_why(self):
        self.config.write_text(GUARDED)
        status, said = self.run_json("explain", "http://x:8083/")
        self.assertEqual((1, None), (status, said.get("answers")))
        self.assertIn("listener other: protocol example.com/OTHER", said["unserved_listeners"][0])

    def test_a_grpc_method_is_explained_by_its_name(self):
        self.config.write_text(KINDS)
        method = ("grpc", "http://grpc.example.com:8080/shop.Cart/Add")
        status, said = self.run_json("explain", *method)
        [answer] = said["answers"]
        self.assertEqual((0, "forwarded", "GRPCRoute/default/calls"), (status, answer["outcome"], answer["route"]))
        status, said = self.run_json("explain", "grpc", "http://grpc.example.com:8080/shop.Cart/Drop")
        [answer] = said["answers"]
        self.assertEqual((1, "no_route", "12"), (status, answer["outcome"], str(answer["grpc_status"])))

    def test_a_grpc_method_needs_no_url(self):
        self.config.write_text(KINDS.replace("port: 8080", "port: 80"))
        status, said = self.run_json("explain", "grpc", "shop.Cart/Add", "-H", "Host: grpc.example.com")
        self.assertEqual((0, "GRPCRoute/default/calls"), (status, said["answers"][0]["route"]))
        self.assertEqual(2, gatehouse("explain", "-f", str(self.config), "grpc", "Add").returncode)

    def test_a_tls_connection_is_explained_by_its_server_name(self):
        self.config.write_text(KINDS)
        status, said = self.run_json("explain", "--tls-sni", "inside.example.com")
        [answer] = said["answers"]
        self.assertEqual((0, "passed through", "default/kinds/tls", "TLSRoute/default/inside"),
                         (status, answer["outcome"], answer["listener"], answer["route"]))
        for name in ("other.example.com", "inside.example.org", ""):
            status, said = self.run_json("explain", "--tls-sni", name)
            self.assertEqual(1, status, name)
            self.assertIn("ended: no", said["answers"][0]["outcome"])
        self.assertEqual((1, {}), self.run_json("explain", "--tls-sni", "inside.example.com", "tcp", "8432"))

    def test_tcp_and_udp_connections_are_explained_by_their_port(self):
        self.config.write_text(KINDS)
        for arguments, wanted in ((("tcp", "8432"), (0, "forwarded", "TCPRoute/default/database")),
                                  (("tcp", "127.0.0.1:8432"), (0, "forwarded", "TCPRoute/default/database")),
                                  (("udp", "8053"), (0, "forwarded", "UDPRoute/default/names")),
                                  (("tcp", "8433"), (1, "closed: the listener has no route", None)),
                                  (("tcp", "8080"), (0, "HTTP: requests are routed one by one", None))):
            status, said = self.run_json("explain", *arguments, "--bind", "127.0.0.1")
            [answer] = said["answers"]
            self.assertEqual(wanted, (status, answer["outcome"], answer.get("route")), arguments)
        self.assertEqual((1, {}), self.run_json("explain", "udp", "8432"))
        for arguments in (("tcp",), ("udp", "x"), ("tcp", "70000"), ("tcp", "a:1")):
            self.assertEqual(2, gatehouse("explain", "-f", str(self.config), *arguments).returncode, arguments)
        ended = gatehouse("explain", "-f", str(self.config), "tcp", "8432")
        for words in ("listener  default/kinds/tcp (TCP)", "75 %", "25 %", "answer    forwarded"):
            self.assertIn(words, ended.stdout)

    def test_routes_of_all_kinds_are_validated_and_compared(self):
        self.config.write_text(KINDS)
        ended = gatehouse("validate", "-f", str(self.config))
        for title in ("GRPCRoute default/calls", "TLSRoute default/inside", "TCPRoute default/database",
                      "UDPRoute default/names"):
            self.assertIn(title, ended.stdout)
        other = self.config.with_name("other.txt.yaml")
        other.write_text(KINDS.replace("weight: 3", "weight: 5").replace("method: Add", "method: Put"))
        self.addCleanup(other.unlink)
        ended = gatehouse("diff", "-f", str(self.config), "-f", str(other))
        self.assertEqual(1, ended.returncode)
        for name in ("GRPCRoute/default/calls", "TCPRoute/default/database"):
            self.assertIn(f"route {name}", ended.stdout)
        self.assertIn("weight 3 -> 5", ended.stdout)

    def test_text_names_listener_route_and_answer(self):
        ended = gatehouse("explain", "-f", str(self.config), self.url("/api"))
        self.assertEqual(0, ended.returncode, ended.stderr)
        for words in ("listener  default/main/", "route     HTTPRoute/default/main, rule 0", "answer    forwarded",
                      "Service/default/backend/80 (weight 1)"):
            self.assertIn(words, ended.stdout)

    def test_what_is_no_request_exits_2(self):
        for arguments in ((), ("ftp://a/",), ("GET", "POST", "http://a/"), ("http://a/", "-H", "nocolon"),
                          ("http://a/", "--output", "xml")):
            self.assertEqual(2, gatehouse("explain", "-f", str(self.config), *arguments).returncode, arguments)


class Diff(ToolCase):
    def diff(self, *flags: str) -> subprocess.CompletedProcess:
        return gatehouse("diff", "-f", str(self.old), "-f", str(self.config), *flags)

    def setUp(self) -> None:
        super().setUp()
        self.old = self.folder / "old.yaml"
        shutil.copy(self.config, self.old)

    def test_equal_files_exit_0(self):
        ended = self.diff()
        self.assertEqual((0, "nothing changes in what is served\n"), (ended.returncode, ended.stdout))

    def test_a_changed_weight_is_told_with_rule_and_values(self):
        self.config.write_text(self.config.read_text().replace("weight: 3", "weight: 5"))
        ended = self.diff()
        self.assertEqual(1, ended.returncode)
        self.assertEqual("~ route HTTPRoute/default/canary\n"
                         "    rule 0 (testers): backend Service/default/backend/80 weight 3 -> 5\n", ended.stdout)

    def test_json_has_each_change_as_a_value(self):
        self.config.write_text(self.config.read_text().replace(CANARY, ""))
        ended = self.diff("-o", "json")
        said = json.loads(ended.stdout)
        self.assertEqual(["route HTTPRoute/default/canary removed"],
                         [f"{c['kind']} {c['name']} {c['action']}" for c in said["changes"] if c["kind"] == "route"])

    def test_several_files_on_a_side(self):
        more = self.folder / "more.yaml"
        more.write_text(CANARY.replace("name: canary", "name: other"))
        ended = gatehouse("diff", "--old", str(self.old), "--new", str(self.config), "--new", str(more))
        self.assertEqual(1, ended.returncode, ended.stderr)
        self.assertIn("+ route HTTPRoute/default/other", ended.stdout)

    def test_what_cannot_be_compared_exits_2(self):
        missing = str(self.folder / "missing.yaml")
        for arguments in (("-f", missing, "-f", str(self.old)), ("-f", str(self.old)), ("--old", str(self.old))):
            self.assertEqual(2, gatehouse("diff", *arguments).returncode, arguments)


class ValidateOutput(ToolCase):
    def test_text_marks_what_is_wrong_with_its_message(self):
        ended = gatehouse("validate", "-f", str(self.config))
        self.assertEqual(1, ended.returncode)
        self.assertRegex(ended.stdout, r"! ResolvedRefs +False +BackendNotFound: .*missing")
        self.assertTrue(ended.stdout.endswith("1 with problems\n"), ended.stdout)

    def test_json_has_every_condition(self):
        status, said = self.run_json("validate")
        self.assertEqual(1, status)
        conditions = said["statuses"]["HTTPRoute"]["default/canary"]["parents"][0]["conditions"]
        self.assertIn(("ResolvedRefs", "False"), [(c["type"], c["status"]) for c in conditions])

    def test_json_has_the_problems_of_files(self):
        self.config.write_text(self.config.read_text() + "---\nkind: HTTPRoute\napiVersion: nothing/v1\n"
                               "metadata: {name: x}\nspec: {}\n---\nkind: [unclosed\n")
        status, said = self.run_json("validate")
        self.assertEqual(1, status)
        self.assertTrue(any(problem["severity"] == "error" for problem in said["problems"]), said)

    def test_yaml_is_the_same_document(self):
        ended = gatehouse("validate", "-f", str(self.config), "-o", "yaml")
        self.assertIn("statuses:\n  GatewayClass:\n", ended.stdout)


class RunOutput(ToolCase):
    def test_json_events_say_what_is_served_and_what_changed(self):
        gateway = self.start_gateway("--output", "json")
        first = json.loads(gateway.out.read_text().splitlines()[0])
        self.assertEqual("serving", first["event"])
        self.assertEqual(["HTTPRoute/default/canary", "HTTPRoute/default/main"],
                         [route["key"] for route in first["routes"]])
        self.config.write_text(self.config.read_text().replace("weight: 3", "weight: 5"))
        lines = wait_until("a second event", lambda: gateway.out.read_text().splitlines()[1:])
        self.assertEqual(["rule 0 (testers): backend Service/default/backend/80 weight 3 -> 5"],
                         json.loads(lines[0])["changes"][0]["details"])
        gateway.end()

    def test_text_is_a_table_and_nothing_is_printed_to_a_pipe_by_itself(self):
        gateway = self.start_gateway("--output", "text")
        self.assertRegex(gateway.out.read_text(), r"LISTENER +PROTOCOL +ADDRESS +HOSTNAME +ROUTES\ndefault/main/p\d+ +HTTP ")
        gateway.end()

    def test_nothing_is_printed_into_a_file_unless_asked(self):
        gateway = self.start_gateway()
        gateway.end()
        self.assertEqual("", gateway.out.read_text())


class Completion(unittest.TestCase):
    def complete(self, *words: str) -> list[str]:
        """What bash offers for the last word."""
        script = gatehouse("completion", "bash").stdout
        script += f"COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}; _gatehouse\n"
        script += 'printf "%s\\n" "${COMPREPLY[@]}"'
        ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True,
                               env={"PATH": os.environ["PATH"]})
        return ended.stdout.split()

    def test_bash_offers_commands_flags_and_choices(self):
        self.assertEqual(["explain"], self.complete("gatehouse", "exp"))
        self.assertIn("--port-map", self.complete("gatehouse", "run", "--po"))
        self.assertEqual(["text", "json", "yaml"], self.complete("gatehouse", "explain", "--output", ""))
        self.assertEqual(["zsh"], self.complete("gatehouse", "completion", "z"))

    def test_scripts_of_other_shells_are_whole(self):
        for shell in ("zsh", "fish"):
            script = gatehouse("completion", shell).stdout
            for words in ("explain", "port-map", "output"):
                self.assertIn(words, script)
            if shutil.which(shell):
                checked = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True, check=False)
                self.assertEqual(0, checked.returncode, checked.stderr)

    def test_an_unknown_shell_exits_2(self):
        self.assertEqual(2, gatehouse("completion", "csh").returncode)

    def test_every_command_has_help_that_says_its_exit_codes(self):
        for command in ("run", "validate", "explain", "diff", "completion", "version", "help"):
            ended = gatehouse("help", command)
            self.assertEqual(0, ended.returncode)
            self.assertIn("exit codes: ", ended.stdout, command)


if __name__ == "__main__":
    unittest.main()
