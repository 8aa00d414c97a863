#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The judgement of bench/load: what it reads from load tools and strace, and which runs it declares void."""
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench/load"))
sys.dont_write_bytecode = True

import flood  # noqa: E402
import h2load  # noqa: E402
import own  # noqa: E402
import report  # noqa: E402
import resumption  # noqa: E402
import run  # noqa: E402
import syscalls  # noqa: E402
import table  # noqa: E402
import wrk  # noqa: E402
from processes import Cpu  # noqa: E402
from scene import Scene  # noqa: E402

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

    def test_received_bytes_are_read_in_every_unit(self):
        self.assertAlmostEqual(wrk.parse(WRK).gib, 50 / 1024)
        self.assertAlmostEqual(wrk.parse(WRK).gib_per_second, 25 / 1024)
        self.assertAlmostEqual(wrk.parse(WRK.replace("50.00MB", "3.50GB")).gib, 3.5)

    def test_broken_connections_and_bad_statuses_count_as_bad_answers(self):
        load = wrk.parse(WRK + "  Socket errors: connect 1, read 2, write 3, timeout 4\n"
                               "  Non-2xx or 3xx responses: 5\n")
        self.assertEqual(load.bad_answers, 15)

    def test_output_without_a_count_is_an_error(self):
        with self.assertRaises(RuntimeError):
            wrk.parse("unable to connect")


H2LOAD = """finished in 1.01s, 50430.00 req/s, 2.31MB/s
requests: 50430 total, 50470 started, 50430 done, 50430 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 50430 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 2.31MB (2421316) total, 492.85KB (504680) headers (space savings 91.99%), 492.48KB (504300) data
"""

S_TIME = """Collecting connection statistics for 2 seconds

Now timing with session id reuse.
starting
rrrr

4 connections in 0.27s; 3340.74 connections/user sec, bytes read 1176
4 connections in 2 real seconds, 294 bytes read per connection
"""


class OtherTools(unittest.TestCase):
    def test_counts_of_h2load_are_read(self):
        load = h2load.parse(H2LOAD)
        self.assertEqual((50430, 50430.0, 0), (load.requests, load.per_second, load.bad_answers))

    def test_failures_and_redirects_of_h2load_are_bad_answers(self):
        bad = H2LOAD.replace("50430 succeeded, 0 failed", "50427 succeeded, 3 failed").replace("0 3xx", "2 3xx")
        self.assertEqual(5, h2load.parse(bad).bad_answers)
        with self.assertRaises(RuntimeError):
            h2load.parse("finished in 1s")

    def test_resumed_handshakes_are_counted(self):
        load = resumption.parse(S_TIME)
        self.assertEqual((4, 2.0, 0), (load.requests, load.per_second, load.bad_answers))

    def test_full_handshakes_and_short_answers_are_bad_among_resumed_ones(self):
        self.assertEqual(1, resumption.parse(S_TIME.replace("rrrr", "rr*r")).bad_answers)
        self.assertEqual(4, resumption.parse(S_TIME.replace("294 bytes", "66 bytes")).bad_answers)
        with self.assertRaises(RuntimeError):
            resumption.parse("no connections")

    def test_latencies_are_read_behind_the_warm_up(self):
        log = "1000000\t200\t99999\n" + "".join(f"{2_000_000 + n}\t200\t{n}\n" for n in range(1, 201))
        self.assertEqual(flood.Latency(100.5, 199), flood.parse_log(log))
        for wrong in ("", "1\t200\t5\n", log + "2000000\t503\t1\n"):
            with self.subTest(wrong=wrong[-20:]), self.assertRaises(RuntimeError):
                flood.parse_log(wrong)


class OtherRows(unittest.TestCase):
    ROW = report.Row("TLS", 64, scene=Scene(front="https"))
    BODIES = report.Row("bodies", 4, unit="GiB")

    def test_ratios_of_peers_are_judged_at_plain_small_requests_only(self):
        odd = {**sane(), "haproxy": figures(30)}
        self.assertEqual(1, len(report.void_reasons({ROW: odd})))
        self.assertEqual([], report.void_reasons({self.ROW: odd, self.BODIES: odd}))

    def test_a_bad_answer_makes_them_void_too(self):
        self.assertEqual(1, len(report.void_reasons({self.ROW: {"nginx": figures(10, bad_answers=1)}})))

    def test_rows_behind_haproxy_are_counted(self):
        behind = {"gatehouse": figures(12), "nginx": figures(13), "haproxy": figures(11)}
        rows = [report.Row(str(n), 64, scene=Scene(front="https")) for n in range(3)]
        lines = report.goal_lines({row: behind for row in rows})
        self.assertEqual(3, sum("x nginx, goal 1.00: met" in line for line in lines))
        self.assertIn("behind haproxy in 3 of 3 other rows, at most 2: MISSED", lines)
        self.assertIn("at most 2: met", report.goal_lines({row: behind for row in rows[:2]})[-1])

    def test_a_goal_is_not_met_by_what_was_not_compared(self):
        self.assertEqual([], report.goal_lines({self.ROW: {"gatehouse": figures(10)}}))

    def test_cpu_and_rate_are_per_gib_of_answers(self):
        load = wrk.Load(requests=7, per_second=3.5, p50_us=0, p99_us=0, bad_answers=0, gib=2.0, gib_per_second=1.0)
        sample = report.Sample.of(load, Cpu(0.5, 1.5), 1, "GiB")
        self.assertEqual((250_000, 750_000, 1.0), (sample.user_us, sample.system_us, sample.per_second))

    def test_columns_name_the_unit_and_leave_out_what_the_tool_does_not_tell(self):
        load = wrk.Load(requests=100, per_second=50.0, p50_us=0, p99_us=0, bad_answers=0, gib=1, gib_per_second=0.5)
        found = report.Figures.of([report.Sample.of(load, Cpu(1, 0), 1, "GiB")])
        text = report.terminal({self.BODIES: {"nginx": found}})
        self.assertIn("CPU us/GiB", text)
        self.assertRegex(text, r"1,000,000\.00 .* 0\.50 +- +- ")


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
        text = own.yaml(backend=1, rules=1000)
        routes = [part for part in text.split("---\n") if "kind: HTTPRoute" in part]
        self.assertEqual(sum(part.count("matches:") for part in routes), 1000)
        self.assertLessEqual(max(part.count("matches:") for part in routes), own.RULES_PER_ROUTE)

    def test_the_requested_path_is_inside_the_table(self):
        self.assertIn(table.request_path(1000).removesuffix("/get"), own.yaml(1, 1000))

    def test_a_scene_has_the_route_and_the_backend_it_needs(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-bench-test-"))
        self.addCleanup(shutil.rmtree, folder)
        grpc = own.scene_yaml(1, Scene(front="https", backend="grpc"), folder)
        for part in ("kind: GRPCRoute", "kubernetes.io/h2c", "protocol: HTTPS", "BEGIN CERTIFICATE"):
            self.assertIn(part, grpc)
        tcp = own.scene_yaml(1, Scene(front="tcp"), folder)
        self.assertIn("kind: TCPRoute", tcp)
        self.assertNotIn("hostnames", tcp)

    def test_the_floor_runs_where_small_plain_requests_are_compared(self):
        having = {name for name, row in run.ROWS.items() if "floor" in run.starters(["floor", "nginx"], row)}
        self.assertEqual({"64", "64-1k", "512"}, having)


if __name__ == "__main__":
    unittest.main()
