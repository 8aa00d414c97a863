#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What SIGHUP, SIGUSR1 and broken files do to a running gateway, and what it logs of its requests."""
import json
import os
import re
import signal
import sys
import threading
import unittest

sys.dont_write_bytecode = True

import objects  # noqa: E402
from cases import HOST, GatewayCase  # noqa: E402
from servers import Gateway, fetch, wait_until  # noqa: E402


class Files(GatewayCase):
    def test_sighup_reads_what_no_event_announced(self):
        echo = self.start_echo()
        self.write_config(echo.endpoint)
        gateway = self.start_gateway()
        self.assertEqual("first", self.mark())
        with self.config.open("r+") as still_open:  # inotify tells of the close only
            still_open.write(objects.text_of(self.objects(echo.endpoint, mark="second")))
            still_open.truncate()
            still_open.flush()
            gateway.signal(signal.SIGHUP)
            wait_until("the change is in force", lambda: self.mark() == "second")
        gateway.end()

    def test_a_signal_while_the_files_are_read_for_the_first_time_waits_for_its_turn(self):
        echo = self.start_echo()
        many = [objects.http_route(f"r{n}", "main", f"h{n}.example.com", "backend") for n in range(1500)]
        self.config.write_text(objects.text_of(self.objects(echo.endpoint) + many))
        gateway = self.enterContext(Gateway(self.folder, self.config.parent, "--drain-delay", "0s"))
        wait_until("it says that it starts", lambda: "started" in gateway.log())
        gateway.signal(signal.SIGHUP)
        gateway.signal(signal.SIGUSR1)
        gateway.wait_until_ready()
        self.assertEqual("first", self.mark())
        gateway.end()

    def test_a_storm_of_events_puts_no_change_off(self):
        echo = self.start_echo()
        self.write_config(echo.endpoint)
        gateway = self.start_gateway()
        stormy = self.config.parent / "stormy.yaml"
        over = threading.Event()

        def rage() -> None:
            while not over.is_set():  # far more often than changes are gathered for
                stormy.write_text("# nothing\n")
        storm = threading.Thread(target=rage)
        storm.start()
        self.addCleanup(storm.join)
        self.addCleanup(over.set)
        for mark in ("second", "third"):
            self.write_config(echo.endpoint, mark=mark)
            wait_until(f"the {mark} state is in force", lambda: self.mark() == mark, patience=10)
        over.set()
        storm.join()
        gateway.end()

    def test_a_broken_file_keeps_serving_and_says_once_where_it_is_broken(self):
        echo = self.start_echo()
        self.write_config(echo.endpoint)
        gateway = self.start_gateway()
        good = self.config.read_text()
        self.config.write_text(good + "---\nkind: [unclosed\n")
        wait_until("the metric tells", lambda: gateway.metric("gatehouse_config_current") == 0)
        place = re.compile(rf"{re.escape(str(self.config))}:(\d+):(\d+): ")
        for _ in range(3):
            gateway.signal(signal.SIGHUP)
        self.assertEqual("first", self.mark())
        status, text = gateway.admin("/readyz?verbose")
        self.assertEqual(200, status)
        self.assertRegex(text, place)
        self.assertGreaterEqual(int(place.search(text)[1]), good.count("\n") + 1)
        self.assertEqual(1, gateway.metric("gatehouse_config_errors_total"))

        self.write_config(echo.endpoint, mark="repaired")
        wait_until("the repair is in force", lambda: self.mark() == "repaired")
        wait_until("the metric tells", lambda: gateway.metric("gatehouse_config_current") == 1)
        self.assertNotRegex(gateway.admin("/readyz?verbose")[1], place)
        self.assertEqual(1, len(place.findall(gateway.log())), gateway.log())
        gateway.end()

    def test_a_bad_object_costs_only_itself(self):
        echo = self.start_echo()
        self.write_config(echo.endpoint)
        gateway = self.start_gateway()
        second = objects.http_route("second", "main", "second.example.com", "backend")
        bad = objects.http_route("bad", "main", "bad.example.com", "backend")
        bad["spec"]["rules"] = "none"
        self.config.write_text(objects.text_of([*self.objects(echo.endpoint), second, bad]))
        wait_until("the good one serves", lambda: fetch(self.port, "/", "second.example.com").status == 200)
        self.assertEqual(404, fetch(self.port, "/", "bad.example.com").status)
        self.assertIn("bad", gateway.log())
        gateway.end()


class AccessLog(GatewayCase):
    def setUp(self) -> None:
        super().setUp()
        self.echo = self.start_echo()
        self.write_config(self.echo.endpoint)
        self.access_log = self.folder / "access.log"

    def lines(self) -> list[str]:
        return self.access_log.read_text().splitlines() if self.access_log.exists() else []

    def wait_for_lines(self, count: int) -> list[str]:
        return wait_until(f"{count} lines are written", lambda: self.lines() if len(self.lines()) >= count else None)

    def test_a_request_is_one_json_line(self):
        gateway = self.start_gateway("--access-log", str(self.access_log))
        headers = {"User-Agent": 'a "quoted"\tagent', "Authorization": "Bearer hidden"}
        answer = fetch(self.port, "/path?token=hidden", HOST, **headers)
        [line] = self.wait_for_lines(1)
        self.assertNotIn("hidden", line)
        record = json.loads(line)
        expected = {"method": "GET", "host": HOST, "path": "/path", "protocol": "HTTP/1.1", "status": 200,
                    "bytes_in": 0, "bytes_out": len(answer.body), "endpoint": self.echo.endpoint,
                    "client": "127.0.0.1", "user_agent": 'a "quoted"\tagent', "reason": ""}
        self.assertEqual(expected, {name: record[name] for name in expected})
        self.assertRegex(record["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertIn("main", record["route"])
        self.assertIn("backend", record["cluster"])
        self.assertEqual(record["request_id"], answer.echoed("X-Request-ID"))
        gateway.end()

    def test_an_answer_of_our_own_says_its_reason(self):
        gateway = self.start_gateway("--access-log", str(self.access_log))
        self.assertEqual(404, fetch(self.port, "/", "nobody.example.com").status)
        record = json.loads(self.wait_for_lines(1)[0])
        self.assertEqual((404, ""), (record["status"], record["route"]))
        self.assertNotEqual("", record["reason"])
        gateway.end()

    def test_a_template_writes_what_it_names(self):
        gateway = self.start_gateway("--access-log", str(self.access_log),
                                     "--access-log-format", "$status ${method} $uri")
        fetch(self.port, "/a?b=c", HOST)
        self.assertEqual(["200 GET /a?b=c"], self.wait_for_lines(1))
        gateway.end()

    def test_sigusr1_opens_the_file_anew(self):
        gateway = self.start_gateway("--access-log", str(self.access_log), "--access-log-format", "$path")
        fetch(self.port, "/before", HOST)
        self.wait_for_lines(1)
        rotated = self.folder / "access.log.1"
        os.rename(self.access_log, rotated)
        gateway.signal(signal.SIGUSR1)

        def asks_until_it_shows() -> bool:
            fetch(self.port, "/after", HOST)
            return self.access_log.exists() and "/after" in self.lines()
        wait_until("the new file has lines", asks_until_it_shows)
        self.assertEqual("/before", rotated.read_text().splitlines()[0])
        self.assertNotIn("/before", self.lines())
        gateway.end()


if __name__ == "__main__":
    unittest.main()
