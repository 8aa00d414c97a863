// SPDX-License-Identifier: Apache-2.0
// Cells, series and their Prometheus text.
#include "base/metrics.h"

#include <catch2/catch.hpp>
#include <optional>
#include <thread>

using namespace gatehouse::metrics;

namespace {

TableLayout layout() {
  return {"route",
          14,
          {{"requests_total", "Requests.", Kind::counter, 0, 0, "code=\"2xx\""},
           {"requests_total", "Requests.", Kind::counter, 1, 0, "code=\"5xx\""},
           {"open", "Open now.", Kind::gauge, 2},
           {"duration_seconds", "Duration.", Kind::histogram, 3, 2}}};
}

std::string text(const Table& table) {
  std::string out;
  table.render(out);
  return out;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a counter is the sum of all workers' cells") {
  Table table(layout(), 2, 10);
  const auto lease = table.lease("a");
  table.row(0, lease.slot())[0].add(3);
  table.row(1, lease.slot())[0].add(4);
  CHECK(has_line(text(table), R"(requests_total{route="a",code="2xx"} 7)"));
  CHECK(text(table).find("5xx") == std::string::npos);
}

TEST_CASE("a label value that has counted nothing has no series") {
  Table table(layout(), 1, 10);
  const auto idle = table.lease("idle");
  const auto busy = table.lease("busy");
  CHECK(text(table).find("{") == std::string::npos);
  table.row(0, busy.slot())[2].add();
  table.row(0, busy.slot())[2].subtract();
  table.row(0, busy.slot())[0].add();
  CHECK(text(table).find("idle") == std::string::npos);
  CHECK(has_line(text(table), R"(open{route="busy"} 0)"));
}

TEST_CASE("a gauge may rise on one worker and fall on another") {
  Table table(layout(), 2, 10);
  const auto lease = table.lease("a");
  table.row(0, lease.slot())[2].add(2);
  table.row(1, lease.slot())[2].subtract();
  CHECK(has_line(text(table), R"(open{route="a"} 1)"));
}

TEST_CASE("a family has one HELP and one TYPE line before its samples") {
  Table table(layout(), 1, 10);
  const auto a = table.lease("a");
  const auto b = table.lease("b");
  for (const auto* lease : {&a, &b}) table.row(0, lease->slot())[0].add();
  const auto out = text(table);
  CHECK(out.starts_with("# HELP requests_total Requests.\n# TYPE requests_total counter\nrequests_total{"));
  CHECK(out.find("# TYPE requests_total") == out.rfind("# TYPE requests_total"));
  CHECK(has_line(out, "# TYPE open gauge"));
  CHECK(has_line(out, "# TYPE duration_seconds histogram"));
}

TEST_CASE("histogram buckets are cumulative and end with +Inf, sum and count") {
  Table table(layout(), 1, 10);
  const auto lease = table.lease("a");
  auto* row = table.row(0, lease.slot());
  for (const std::uint64_t microseconds : {400, 2'400, 20'000'000}) {
    row[3 + bucket_of(microseconds)].add();
    row[2].add(microseconds);
  }
  const auto out = text(table);
  CHECK(has_line(out, R"(duration_seconds_bucket{route="a",le="0.0005"} 1)"));
  CHECK(has_line(out, R"(duration_seconds_bucket{route="a",le="0.001"} 1)"));
  CHECK(has_line(out, R"(duration_seconds_bucket{route="a",le="0.0025"} 2)"));
  CHECK(has_line(out, R"(duration_seconds_bucket{route="a",le="10"} 2)"));
  CHECK(has_line(out, R"(duration_seconds_bucket{route="a",le="+Inf"} 3)"));
  CHECK(has_line(out, R"(duration_seconds_sum{route="a"} 20.0028)"));
  CHECK(has_line(out, R"(duration_seconds_count{route="a"} 3)"));
}

TEST_CASE("a duration on the bound belongs to the bucket below") {
  CHECK(bucket_of(500) == 0);
  CHECK(bucket_of(501) == 1);
  CHECK(bucket_of(10'000'000) == 9);
  CHECK(bucket_of(10'000'001) == 10);
}

TEST_CASE("label values are escaped") {
  CHECK(escape_label("a\"b\\c\nd") == R"(a\"b\\c\nd)");
  Table table(layout(), 1, 10);
  const auto lease = table.lease("x\"y");
  table.row(0, lease.slot())[2].add();
  CHECK(has_line(text(table), R"(open{route="x\"y"} 1)"));
}

TEST_CASE("L13 values beyond the cap count as other") {
  Table table(layout(), 1, 2);
  const auto a = table.lease("a");
  const auto b = table.lease("b");
  const auto c = table.lease("c");
  const auto d = table.lease("d");
  CHECK(c.slot() == Table::kOther);
  CHECK(d.slot() == Table::kOther);
  CHECK(table.series() == 2);
  table.row(0, c.slot())[0].add();
  table.row(0, d.slot())[0].add();
  CHECK(has_line(text(table), R"(requests_total{route="other",code="2xx"} 2)"));
}

TEST_CASE("other is not shown while nothing folds") {
  Table table(layout(), 1, 2);
  const auto a = table.lease("a");
  CHECK(text(table).find("other") == std::string::npos);
}

TEST_CASE("a series lives while one of its leases does") {
  Table table(layout(), 1, 10);
  std::optional<Lease> former = table.lease("a");
  table.row(0, former->slot())[0].add(5);
  std::optional<Lease> next = table.lease("a");
  CHECK(next->slot() == former->slot());
  former.reset();
  CHECK(has_line(text(table), R"(requests_total{route="a",code="2xx"} 5)"));
  next.reset();
  CHECK(text(table).find("\"a\"") == std::string::npos);
  CHECK(table.series() == 0);
}

TEST_CASE("a reused slot starts at zero and makes room below the cap") {
  Table table(layout(), 1, 1);
  std::uint32_t slot = 0;
  {
    const auto a = table.lease("a");
    slot = a.slot();
    table.row(0, slot)[0].add(5);
    table.row(0, slot)[3].add(5);
  }
  const auto b = table.lease("b");
  REQUIRE(b.slot() == slot);
  table.row(0, slot)[1].add();
  const auto out = text(table);
  CHECK(out.find("2xx") == std::string::npos);
  CHECK(has_line(out, R"(requests_total{route="b",code="5xx"} 1)"));
  CHECK(has_line(out, R"(duration_seconds_count{route="b"} 0)"));
}

TEST_CASE("a gauge of a reused slot still waits for the minus of the former owner") {
  Table table(layout(), 1, 1);
  std::optional<Lease> a = table.lease("a");
  auto* row = table.row(0, a->slot());
  row[2].add();
  a.reset();
  const auto b = table.lease("b");
  row[2].subtract();
  CHECK(has_line(text(table), R"(open{route="b"} 0)"));
}

TEST_CASE("rows do not move when the table grows and share no cache line") {
  Table table(layout(), 1, 500);
  std::vector<Lease> leases;
  leases.push_back(table.lease("first"));
  auto* first = table.row(0, leases[0].slot());
  for (int at = 0; at < 400; ++at) leases.push_back(table.lease("route" + std::to_string(at)));
  CHECK(table.row(0, leases[0].slot()) == first);
  for (const auto& lease : leases)
    CHECK(reinterpret_cast<std::uintptr_t>(table.row(0, lease.slot())) % 64 == 0);
  CHECK(table.row(0, leases[300].slot()) - table.row(0, leases[299].slot()) == 16);
}

TEST_CASE("a table without a label is one row") {
  Table table({{}, 1, {{"turns_total", "Turns.", Kind::counter, 0}}}, 3, 1);
  for (std::size_t shard = 0; shard < 3; ++shard) table.row(shard, 0)[0].add();
  CHECK(has_line(text(table), "turns_total 3"));
}

TEST_CASE("workers count while others lease and render") {
  constexpr std::size_t kWorkers = 3;
  constexpr int kCounts = 20'000;
  Table table(layout(), kWorkers, 300);
  const auto lease = table.lease("busy");
  table.row(0, lease.slot())[0].add();
  std::vector<std::thread> workers;
  for (std::size_t shard = 0; shard < kWorkers; ++shard)
    workers.emplace_back([&table, shard, slot = lease.slot()] {
      for (int at = 0; at < kCounts; ++at) table.row(shard, slot)[0].add();
    });
  std::vector<Lease> leases;
  for (int at = 0; at < 200; ++at) leases.push_back(table.lease(std::to_string(at)));
  CHECK(text(table).find("busy") != std::string::npos);
  for (auto& worker : workers) worker.join();
  CHECK(has_line(text(table),
                 "requests_total{route=\"busy\",code=\"2xx\"} " + std::to_string(kWorkers * kCounts + 1)));
}
