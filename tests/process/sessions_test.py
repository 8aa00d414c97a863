#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions outlive the process: their key is kept in a file, made when it is needed or given by the operator."""
import os
import stat
import sys
import unittest

sys.dont_write_bytecode = True

from cases import HOST, GatewayCase  # noqa: E402
from servers import Echo, Gateway, fetch  # noqa: E402


class Sessions(GatewayCase):
    def setUp(self) -> None:
        super().setUp()
        self.backends = {name: self.enterContext(Echo(self.folder, name)) for name in ("a", "b", "c")}
        self.write_config(",".join(echo.endpoint for echo in self.backends.values()))
        self.state = self.folder / "state"
        os.environ["STATE_DIRECTORY"] = str(self.state)
        self.addCleanup(os.environ.pop, "STATE_DIRECTORY")

    def objects(self, endpoint: str, mark: str = "first") -> list[dict]:
        objects = super().objects(endpoint, mark)
        objects[2]["spec"]["rules"][0]["sessionPersistence"] = {"type": "Cookie", "cookie": {"name": "shop"}}
        return objects

    def ask(self, cookie: str = "") -> tuple[str, str]:
        """Who answered, and the new cookie if one was given out."""
        answer = fetch(self.port, "/", HOST, **({"Cookie": cookie} if cookie else {}))
        self.assertEqual(200, answer.status)
        return answer.json()["pod"], answer.headers.get("Set-Cookie", "").partition(";")[0]

    def test_sessions_survive_a_restart(self):
        gateway = self.start_gateway("--workers", "2")
        sessions = [self.ask() for _ in range(6)]
        gateway.end()
        key = self.state / "session.key"
        self.assertEqual(0o600, stat.S_IMODE(key.stat().st_mode))

        gateway = self.start_gateway("--workers", "1")
        for name, cookie in sessions:
            for _ in range(3):
                self.assertEqual((name, ""), self.ask(cookie))
        gateway.end()

    def test_a_new_key_ends_all_sessions(self):
        gateway = self.start_gateway()
        _, cookie = self.ask()
        gateway.end()
        (self.state / "session.key").unlink()
        gateway = self.start_gateway()
        self.assertNotEqual("", self.ask(cookie)[1])
        gateway.end()

    def test_a_key_that_the_operator_gives_is_used(self):
        key = self.folder / "key"
        key.write_text("0123456789abcdef0123456789abcdef\n")
        gateway = self.start_gateway("--session-key-file", str(key))
        name, cookie = self.ask()
        gateway.end()
        gateway = self.start_gateway("--session-key-file", str(key))
        self.assertEqual((name, ""), self.ask(cookie))
        gateway.end()
        self.assertFalse(self.state.exists())

    def test_a_key_that_cannot_be_used_stops_the_start(self):
        key = self.folder / "key"
        key.write_text("short")
        gateway = self.enterContext(Gateway(self.folder, self.config.parent, "--session-key-file", str(key)))
        self.assertEqual(2, gateway.wait())
        self.assertIn(f"session-key-file: {key}: it holds fewer than 16 bytes", gateway.log())


if __name__ == "__main__":
    unittest.main()
