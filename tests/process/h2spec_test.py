#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rule P1: every case of h2spec, also the strict ones, against a listener of the gateway."""
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

from cases import HOST, GatewayCase  # noqa: E402
from certificates import Authority, secret  # noqa: E402
from objects import gateway, gateway_class, http_route, service  # noqa: E402
from servers import Failed, go_tool  # noqa: E402

CASES = 145  # at least: what the pinned version lists


class H2spec(GatewayCase):
    secure = False

    def objects(self, endpoint: str, mark: str = "first") -> list[dict]:
        route = http_route("main", "main", HOST, "backend")
        del route["spec"]["hostnames"]  # h2spec asks for the address
        found = [gateway_class(), gateway("main", [self.port]), route, service("backend", [endpoint])]
        if self.secure:
            found[1]["spec"]["listeners"] = [{"name": "https", "port": self.port, "protocol": "HTTPS",
                                              "tls": {"certificateRefs": [{"name": "certificate"}]}}]
            found.append(secret("certificate", Authority(self.folder).issue("certificate", HOST)))
        return found

    def run_all(self, *flags: str) -> None:
        self.write_config(self.start_echo().endpoint)
        served = self.start_gateway()
        ran = subprocess.run([go_tool("h2spec"), "--strict", "-h", "127.0.0.1", "-p", str(self.port), "-o", "5", *flags],
                             capture_output=True, text=True, timeout=200, check=False)
        total = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", ran.stdout)
        if total is None or ran.returncode != 0 or total[4] != "0" or total[3] != "0":
            raise Failed(ran.stdout[max(0, ran.stdout.find("Failures:")):] + ran.stderr)
        self.assertGreaterEqual(int(total[2]), CASES)
        served.require_no_report()

    def test_every_case_passes_over_plain_tcp(self):
        self.run_all()

    def test_every_case_passes_over_tls(self):
        self.secure = True
        self.run_all("-t", "-k")


if __name__ == "__main__":
    unittest.main()
