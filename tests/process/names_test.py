#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Backends with a name: their addresses change under load, and their name server may be silent (B10)."""
import sys
import unittest

sys.dont_write_bytecode = True

import objects  # noqa: E402
import servers  # noqa: E402
from cases import HOST, GatewayCase  # noqa: E402
from name_server import NameServer  # noqa: E402
from paced_load import PacedLoad, is_good, summary  # noqa: E402
from servers import fetch, wait_until  # noqa: E402

NAME = "backend.test"
RATE = 200


class Names(GatewayCase):
    def setUp(self) -> None:
        super().setUp()
        self.dns = NameServer()
        self.addCleanup(self.dns.close)
        [self.backend_port] = servers.free_ports(1)

    def write_named_config(self, *names: str) -> None:
        """The first name is the route's backend."""
        items = [objects.gateway_class(), objects.gateway("main", [self.port])]
        for number, name in enumerate(names):
            route = objects.http_route(f"r{number}", "main", HOST if number == 0 else f"r{number}.test", f"s{number}")
            route["spec"]["rules"][0]["backendRefs"][0]["port"] = self.backend_port
            items += [route, objects.named_service(f"s{number}", name, self.backend_port)]
        self.config.write_text(objects.text_of(items))

    def start_echo_at(self, address: str) -> None:
        """Its name is its address."""
        self.enterContext(servers.Process(
            self.folder, "echo", "--listen", f"{address}:{self.backend_port}", "--name", address))

    def pod(self) -> str | None:
        answer = fetch(self.port, "/", HOST)
        return answer.json()["pod"] if answer.status == 200 else None

    def test_new_addresses_are_used_when_the_old_ones_have_expired_and_nothing_fails(self):
        for address in ("127.0.0.1", "127.0.0.2"):
            self.start_echo_at(address)
        self.dns.set(NAME, ["127.0.0.1"])
        self.write_named_config(NAME)
        gateway = self.start_gateway("--dns-server", self.dns.address)
        wait_until("the name serves", lambda: self.pod() == "127.0.0.1")
        with PacedLoad(self.port, HOST, RATE) as load:
            self.dns.set(NAME, ["127.0.0.2"])
            wait_until("the new address serves", lambda: self.pod() == "127.0.0.2", patience=10)
            count = len(load.records)
            wait_until("some more are sent", lambda: len(load.records) > count + RATE)
            records = load.finish()
        self.assertEqual([], [r for r in records if not is_good(r)], summary(records))
        self.assertTrue(all(b'"127.0.0.2"' in r.body for r in records[-RATE // 2:]))
        self.assertEqual(1, gateway.metric("gatehouse_dns_names"))
        gateway.end()

    def test_a_name_without_an_answer_is_503_until_it_has_one(self):
        self.start_echo_at("127.0.0.1")
        self.write_named_config(NAME)
        gateway = self.start_gateway("--dns-server", self.dns.address)
        wait_until("it was asked for", lambda: NAME in self.dns.questions)
        self.assertEqual(503, fetch(self.port, "/", HOST).status)
        self.dns.set(NAME, ["127.0.0.1"])
        wait_until("it serves", lambda: self.pod() == "127.0.0.1")
        gateway.end()

    def test_a_lookup_that_hangs_holds_up_no_other_name_and_not_the_end(self):
        self.start_echo_at("127.0.0.1")
        self.dns.set("silent.test", None)
        self.dns.set(NAME, ["127.0.0.1"])
        self.write_named_config(NAME, "silent.test")
        gateway = self.start_gateway("--dns-server", self.dns.address)
        wait_until("the silent one is asked for", lambda: "silent.test" in self.dns.questions)
        wait_until("the other serves", lambda: self.pod() == "127.0.0.1", patience=5)
        gateway.end(patience=5)


if __name__ == "__main__":
    unittest.main()
