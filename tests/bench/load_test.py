#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The judgement of bench/load: what it reads from wrk and strace, and which runs it declares void."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench/load"))
sys.dont_write_bytecode = True

import peers  # noqa: E402
import report  # noqa: E402
import syscalls  # noqa: E402
import wrk  # noqa: E402
from processes import Cpu  # noqa: E402

WRK = """Running 2s test @ http://127.0.0.1:1/get
  1 threads and 64 connections
  Latency Distribution
     50%  612.00us
     75%    0.90ms
     99%    1.25ms
  189000 requests in 2.00s, 50.00MB read
Requests/sec:  94500.25
Transfer/sec:     25.00MB
"""

ROW = report.Row("64 connections, 1 rule", 64, 1)


def figures(cpu_us: float, bad_answers: int = 0) -> report.Figures:
    load = wrk.Load(requests=1_000_000, per_second=1.0, p50_us=1.0, p99_us=1.0, bad_answers=bad_answers)
    return report.Figures.of([report.Sample.of(load, Cpu(cpu_us * 0.25, cpu_us * 0.75), 1)])


def sane() -> dict:
    return {"floor": figures(8), "nginx": figures(10), "haproxy": figures(11), "envoy": figures(30)}


class WrkOutput(unittest.TestCase):
    def test_counts_and_latencies_are_read(self):
        load = wrk.parse(WRK)
        self.assertEqual((load.requests, load.per_second), (189000, 94500.25))
        self.assertEqual((load.p50_us, load.p99_us, load.bad_answers), (612.0, 1250.0, 0))

    def test_broken_connections_and_bad_statuses_count_as_bad_answers(self):
        load = wrk.parse(WRK + "  Socket errors: connect 1, read 2, write 3, timeout 4\n"
                               "  Non-2xx or 3xx responses: 5\n")
        self.assertEqual(load.bad_answers, 15)

    def test_output_without_a_count_is_an_error(self):
        with self.assertRaises(RuntimeError):
            wrk.parse("unable to connect")


class Verdict(unittest.TestCase):
    def test_a_sane_run_is_not_void(self):
        self.assertEqual(report.void_reasons({ROW: sane()}), [])

    def test_each_peer_outside_its_bounds_makes_the_run_void(self):
        for name, cpu_us in (("floor", 9.6), ("haproxy", 9.4), ("haproxy", 12.6), ("envoy", 19)):
            with self.subTest(name=name, cpu_us=cpu_us):
                reasons = report.void_reasons({ROW: {**sane(), name: figures(cpu_us)}})
                self.assertEqual(len(reasons), 1)
                self.assertIn(name, reasons[0])

    def test_a_bad_answer_makes_the_run_void(self):
        self.assertEqual(len(report.void_reasons({ROW: {**sane(), "gatehouse": figures(9, bad_answers=1)}})), 1)

    def test_a_missing_peer_is_not_judged(self):
        self.assertEqual(report.void_reasons({ROW: {"nginx": figures(10), "floor": figures(8)}}), [])

    def test_goals_name_what_was_missed_and_by_how_much(self):
        lines = report.goal_lines({ROW: {**sane(), "gatehouse": figures(9.7)}})
        self.assertEqual(len(lines), 4)
        self.assertIn("MISSED by 0.02", lines[0])
        self.assertIn("met", next(line for line in lines if "envoy" in line))

    def test_cpu_is_split_into_user_and_system(self):
        got = figures(10)
        self.assertAlmostEqual(got.user_us, 2.5)
        self.assertAlmostEqual(got.system_us, 7.5)


class SystemCalls(unittest.TestCase):
    SUMMARY = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 50.00    1.000000          10      2000        10 read
 50.00    1.000000          10      2000           writev
------ ----------- ----------- --------- --------- ----------------
100.00    2.000000          10      4000        10 total
"""

    def test_the_summary_is_read(self):
        self.assertEqual(syscalls.parse(self.SUMMARY), {"read": (2000, 10), "writev": (2000, 0)})

    def test_limits_are_per_request(self):
        counts = {"read": (2000, 10), "writev": (2000, 0)}
        self.assertEqual(syscalls.judge(1000, counts), [])
        self.assertEqual(len(syscalls.judge(800, counts)), 1)
        self.assertEqual(len(syscalls.judge(1000, {**counts, "read": (2000, 100)})), 1)
        self.assertEqual(len(syscalls.judge(1000, {**counts, "epoll_ctl": (100, 0)})), 1)


class Configuration(unittest.TestCase):
    def test_a_thousand_rules_fit_the_limit_of_rules_per_route(self):
        text = peers.gatehouse_yaml(backend=1, rules=1000)
        routes = [part for part in text.split("---\n") if "kind: HTTPRoute" in part]
        self.assertEqual(sum(part.count("matches:") for part in routes), 1000)
        self.assertLessEqual(max(part.count("matches:") for part in routes), peers.RULES_PER_ROUTE)

    def test_the_requested_path_is_inside_the_table(self):
        self.assertIn(peers.request_path(1000).removesuffix("/get"), peers.gatehouse_yaml(1, 1000))


if __name__ == "__main__":
    unittest.main()
