#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ports that cannot be bound: a clear message and status, no silent sharing, and a take-over when they are free."""
import os
import pathlib
import shutil
import socket
import sys
import unittest

sys.dont_write_bytecode = True

from cases import HOST, GatewayCase  # noqa: E402
from servers import BUILD, Gateway, fetch, wait_until  # noqa: E402

UNPRIVILEGED_FROM = int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
NOBODY = 65534


class PortInUse(GatewayCase):
    def setUp(self) -> None:
        super().setUp()
        self.echo = self.start_echo()
        self.write_config(self.echo.endpoint, mark="first")

    def start_second(self) -> Gateway:
        """The same port, another mark."""
        self.config = self.folder / "second" / "main.yaml"
        self.config.parent.mkdir()
        self.write_config(self.echo.endpoint, mark="second")
        return self.start_gateway()

    def wait_until_it_tells(self, gateway: Gateway) -> None:
        message = f"127.0.0.1:{self.port} is in use by another process"
        wait_until("the log tells", lambda: message in gateway.log())
        wait_until("the status tells", lambda: message in gateway.admin("/statuses")[1])

    def test_a_second_gateway_tells_shares_nothing_and_takes_over(self):
        first = self.start_gateway()
        second = self.start_second()
        self.wait_until_it_tells(second)
        self.assertEqual({"first"}, {self.mark() for _ in range(30)})
        first.end()
        wait_until("the second serves", lambda: self.mark() == "second")
        wait_until("its status is good again", lambda: "in use" not in second.admin("/statuses")[1])
        self.assertEqual(1, second.log().count("is in use by another process"), second.log())
        second.end()

    def test_a_foreign_process_that_would_share_gets_no_company(self):
        with socket.socket() as foreign:
            foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            foreign.bind(("127.0.0.1", self.port))
            foreign.listen()
            gateway = self.start_gateway()
            self.wait_until_it_tells(gateway)
        wait_until("the port is taken over", lambda: self.mark() == "first")
        gateway.end()


class Privileges(GatewayCase):
    @unittest.skipIf(UNPRIVILEGED_FROM <= 80, "here anybody may bind port 80")
    def test_port_80_without_privileges_names_the_port_map(self):
        self.port = 80
        self.write_config("127.0.0.1:1")
        os.chmod(self.folder, 0o755)
        binary = self.folder / "gatehouse"
        shutil.copy2(BUILD / "gatehouse", binary)
        other_user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        gateway = self.start_gateway(binary=binary, **other_user)
        remedy = "--port-map 80=8080"
        wait_until("the log names the remedy", lambda: remedy in gateway.log())
        wait_until("the status names the remedy", lambda: remedy in gateway.admin("/statuses")[1])
        gateway.end()

    def test_a_port_map_moves_the_listener(self):
        [port], self.port = [self.port], 80
        self.write_config(self.start_echo().endpoint)
        gateway = self.start_gateway("--port-map", f"80={port}")
        answer = fetch(port, "/", HOST)
        self.assertEqual((200, "80"), (answer.status, answer.echoed("X-Forwarded-Port")))
        gateway.end()


if __name__ == "__main__":
    unittest.main()
