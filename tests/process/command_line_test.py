#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exit codes and messages of the command line, and the first steps that the documentation promises."""
import os
import pathlib
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

import objects  # noqa: E402
from cases import GatewayCase  # noqa: E402
from servers import BUILD, PATIENCE  # noqa: E402

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples/httpbin.yaml"


def gatehouse(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(BUILD / "gatehouse"), *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=PATIENCE, env=dict(os.environ, **environment))


class Run(GatewayCase):
    def test_an_unknown_flag_is_named_and_exits_2(self):
        ended = gatehouse("run", "-f", str(EXAMPLE), "--worker", "1")
        self.assertEqual(2, ended.returncode)
        self.assertIn("--worker: unknown setting; did you mean workers?", ended.stderr)

    def test_an_unknown_environment_setting_is_named_and_exits_2(self):
        ended = gatehouse("run", "-f", str(EXAMPLE), GATEHOUSE_WORKER="1")
        self.assertEqual(2, ended.returncode)
        self.assertIn("GATEHOUSE_WORKER", ended.stderr)

    def test_an_unknown_name_in_the_settings_file_is_named_and_exits_2(self):
        settings = self.folder / "settings.yaml"
        settings.write_text("workers: 1\nwrokers: 2\n")
        ended = gatehouse("run", "-f", str(EXAMPLE), "--settings", str(settings))
        self.assertEqual(2, ended.returncode)
        self.assertIn("wrokers", ended.stderr)

    def test_a_file_that_is_not_there_is_named_and_exits_2(self):
        missing = str(self.folder / "missing.yaml")
        ended = gatehouse("run", "-f", missing, "--admin-address", "off")
        self.assertEqual(2, ended.returncode)
        self.assertIn(missing, ended.stderr)

    def test_help_shows_every_group_and_exits_0(self):
        ended = gatehouse("run", "--help")
        self.assertEqual(0, ended.returncode)
        for group in ("Configuration:", "Listening:", "Timeouts per listener:", "Shutdown:", "Administration:"):
            self.assertIn(group, ended.stdout)

    def test_an_unknown_command_exits_2(self):
        self.assertEqual(2, gatehouse("serve").returncode)

    def test_curl_gets_the_version_through_the_example(self):
        echo = self.start_echo()
        self.config.write_text(EXAMPLE.read_text().replace("127.0.0.1:9001", echo.endpoint))
        gateway = self.start_gateway("--controller-name", "higress.io/gateway-controller",
                                     "--port-map", f"80={self.port}")
        ended = subprocess.run(["curl", "-sS", "--fail", "--max-time", "20", "-H", "Host: demo.example.com",
                                f"http://127.0.0.1:{self.port}/version"], capture_output=True, text=True, check=False)
        self.assertEqual(0, ended.returncode, ended.stderr)
        self.assertIn('"version"', ended.stdout)
        gateway.end()


class Validate(GatewayCase):
    def validate(self, *flags: str) -> subprocess.CompletedProcess:
        return gatehouse("validate", "-f", str(self.config), *flags)

    def test_good_objects_exit_0_with_their_statuses(self):
        self.write_config("127.0.0.1:1")
        ended = self.validate()
        self.assertEqual(0, ended.returncode, ended.stderr + ended.stdout)
        self.assertIn("Accepted", ended.stdout)

    def test_a_reference_to_nothing_exits_1(self):
        self.config.write_text(objects.text_of(self.objects("127.0.0.1:1")[:-1]))
        ended = self.validate()
        self.assertEqual(1, ended.returncode)
        self.assertIn("BackendNotFound", ended.stdout)

    def test_a_gateway_that_is_not_there_exits_1_and_says_what_to_mend(self):
        named = [thing for thing in self.objects("127.0.0.1:1") if thing["kind"] == "HTTPRoute"]
        name = named[0]["spec"]["parentRefs"][0]["name"]
        self.config.write_text(objects.text_of(
            [thing for thing in self.objects("127.0.0.1:1") if thing["kind"] != "Gateway"]))
        ended = self.validate()
        self.assertEqual(1, ended.returncode, ended.stdout)
        self.assertIn(f"error: HTTPRoute default/{named[0]['metadata']['name']}: spec.parentRefs[0]: "
                      f"there is no Gateway default/{name}; create it or correct the reference", ended.stderr)

    def test_gateways_of_another_controller_are_no_problem(self):
        self.config.write_text(objects.text_of(self.objects("127.0.0.1:1")).replace(
            "gatehouse.dev/gateway-controller", "elsewhere.example/controller"))
        ended = self.validate()
        self.assertEqual(0, ended.returncode, ended.stdout + ended.stderr)

    def test_broken_yaml_says_where_and_does_not_exit_0(self):
        self.config.write_text("kind: [unclosed\n")
        ended = self.validate()
        self.assertEqual(1, ended.returncode)
        self.assertRegex(ended.stderr, rf"{self.config}:\d+:\d+: ")

    def test_a_missing_file_exits_2(self):
        ended = self.validate()
        self.assertEqual(2, ended.returncode)
        self.assertIn(str(self.config), ended.stderr)

    def test_an_unknown_flag_exits_2(self):
        self.write_config("127.0.0.1:1")
        self.assertEqual(2, self.validate("--unheard-of").returncode)


if __name__ == "__main__":
    unittest.main()
