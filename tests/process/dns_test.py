#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A DNS server behind a UDPRoute and a TCPRoute on the same port, asked by dig."""
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

import objects  # noqa: E402
from cases import GatewayCase  # noqa: E402
from name_server import NameServer  # noqa: E402
from servers import require  # noqa: E402

MANY = [f"192.0.2.{number}" for number in range(1, 101)]  # more than one datagram of 512 bytes holds


class Dns(GatewayCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = NameServer()
        self.addCleanup(self.server.close)
        self.server.set("one.example.com", ["192.0.2.7"])
        self.server.set("many.example.com", MANY)
        self.config.write_text(objects.text_of(
            [objects.gateway_class(),
             objects.gateway_of("main", [objects.listener(self.port, "TCP"), objects.listener(self.port, "UDP")]),
             objects.l4_route("TCPRoute", "tcp", "main", f"tcp{self.port}", "dns-tcp"),
             objects.l4_route("UDPRoute", "udp", "main", f"udp{self.port}", "dns-udp"),
             objects.service("dns-tcp", [self.server.tcp_address]),
             objects.service("dns-udp", [self.server.address], "UDP")]))
        self.gateway = self.start_gateway("--workers", "2")

    def dig(self, *arguments: str) -> str:
        require(shutil.which("dig"), "dig is not installed; see scripts/packages.txt")
        command = ["dig", "-r", "@127.0.0.1", "-p", str(self.port), "+tries=5", "+timeout=5", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        require(done.returncode == 0, f"dig: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_answers_over_udp_and_over_tcp(self) -> None:
        for how in ("+notcp", "+tcp"):
            with self.subTest(how):
                self.assertEqual("192.0.2.7\n", self.dig("+short", how, "one.example.com"))
                self.assertIn("status: NXDOMAIN", self.dig(how, "unknown.example.com"))
        self.gateway.end()

    def test_a_truncated_answer_is_asked_for_again_over_tcp(self) -> None:
        told = self.dig("+noedns", "+ignore", "many.example.com")
        self.assertRegex(told, r"flags: qr tc rd")
        self.assertLess(told.count("192.0.2."), len(MANY))
        self.assertEqual(MANY, self.dig("+short", "+noedns", "many.example.com").split())
        self.gateway.end()

    def test_a_file_of_questions(self) -> None:
        questions = self.folder / "questions"
        questions.write_text("one.example.com\n" * 200)
        for how in ("+notcp", "+tcp"):
            with self.subTest(how):
                self.assertEqual(["192.0.2.7"] * 200, self.dig("+short", how, "-f", str(questions)).split())
        self.assertGreaterEqual(self.server.questions.count("one.example.com"), 400)  # dig may have asked again
        self.gateway.end()


if __name__ == "__main__":
    unittest.main()
