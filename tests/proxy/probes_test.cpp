// SPDX-License-Identifier: Apache-2.0
// The data path's metrics by name.
#include "proxy/probes.h"

#include <catch2/catch.hpp>
#include <sstream>

using namespace gatehouse;
using namespace gatehouse::proxy;
using namespace std::chrono_literals;

namespace {

RouteProbe::Finished finished(std::uint16_t status, Duration duration) {
  RouteProbe::Finished request;
  request.status = status;
  request.duration = duration;
  request.bytes_in = 7;
  request.bytes_out = 100;
  return request;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a finished request counts by class, duration and bytes of its route") {
  Probes probes(2);
  const auto route = probes.lease_route("HTTPRoute/a/b");
  probes.of_worker(0).route(route.slot()).request_finished(finished(204, 700us));
  probes.of_worker(1).route(route.slot()).request_finished(finished(503, 2s));
  const auto text = probes.render();
  CHECK(has_line(text, R"(gatehouse_requests_total{route="HTTPRoute/a/b",code="2xx"} 1)"));
  CHECK(has_line(text, R"(gatehouse_requests_total{route="HTTPRoute/a/b",code="5xx"} 1)"));
  CHECK(text.find("4xx") == std::string::npos);
  CHECK(has_line(text, R"(gatehouse_request_duration_seconds_bucket{route="HTTPRoute/a/b",le="0.001"} 1)"));
  CHECK(has_line(text, R"(gatehouse_request_duration_seconds_count{route="HTTPRoute/a/b"} 2)"));
  CHECK(has_line(text, R"(gatehouse_request_duration_seconds_sum{route="HTTPRoute/a/b"} 2.0007)"));
  CHECK(has_line(text, R"(gatehouse_request_body_bytes_total{route="HTTPRoute/a/b"} 14)"));
  CHECK(has_line(text, R"(gatehouse_response_body_bytes_total{route="HTTPRoute/a/b"} 200)"));
}

TEST_CASE("a request without response or without route has a series of its own") {
  Probes probes(1);
  probes.of_worker(0).no_route().request_finished(finished(0, 1ms));
  probes.of_worker(0).no_route().request_finished(finished(404, 1ms));
  CHECK(has_line(probes.render(), R"(gatehouse_requests_total{route="none",code="none"} 1)"));
  CHECK(has_line(probes.render(), R"(gatehouse_requests_total{route="none",code="4xx"} 1)"));
}

TEST_CASE("every event of a cluster moves its own metric") {
  Probes probes(1);
  const auto lease = probes.lease_cluster("Service/a/b/80");
  auto cluster = probes.of_worker(0).cluster(lease.slot());
  const auto value = [&probes](const std::string& name) {
    const auto text = probes.render();
    const auto key = "\n" + name + "{cluster=\"Service/a/b/80\"} ";
    return std::stoi(text.substr(text.find(key) + key.size()));
  };
  cluster.connection_opened();
  cluster.connection_opened();
  cluster.connection_idled();
  CHECK(value("gatehouse_upstream_connections") == 2);
  CHECK(value("gatehouse_upstream_connections_idle") == 1);
  cluster.connection_taken();
  cluster.connection_closed();
  CHECK(value("gatehouse_upstream_connections") == 1);
  CHECK(value("gatehouse_upstream_connections_idle") == 0);
  CHECK(value("gatehouse_upstream_connects_total") == 2);
  cluster.request_sent();
  cluster.request_sent();
  cluster.request_retried();
  cluster.connect_failed();
  cluster.timed_out();
  cluster.response_broken();
  cluster.endpoint_missing();
  CHECK(value("gatehouse_upstream_requests_total") == 2);
  CHECK(value("gatehouse_upstream_retries_total") == 1);
  CHECK(value("gatehouse_upstream_connect_failures_total") == 1);
  CHECK(value("gatehouse_upstream_timeouts_total") == 1);
  CHECK(value("gatehouse_upstream_broken_total") == 1);
  CHECK(value("gatehouse_upstream_no_endpoint_total") == 1);
}

TEST_CASE("every refusal has a counter and a name of its own") {
  Probes probes(1);
  for (std::size_t why = 0; why < kRefusals; ++why)
    for (std::size_t times = 0; times <= why; ++times)
      probes.of_worker(0).worker().refused(static_cast<Refusal>(why));
  const auto text = probes.render();
  CHECK(has_line(text, R"(gatehouse_downstream_refused_total{reason="malformed"} 1)"));
  CHECK(has_line(text, R"(gatehouse_downstream_refused_total{reason="header_timeout"} 6)"));
  CHECK(has_line(text, R"(gatehouse_downstream_refused_total{reason="connection_limit"} 9)"));
  CHECK(has_line(text, R"(gatehouse_downstream_refused_total{reason="internal"} 14)"));
}

TEST_CASE("a worker counts connections, bytes, tunnels and turns") {
  Probes probes(2);
  for (std::size_t at = 0; at < 2; ++at) {
    auto worker = probes.of_worker(at).worker();
    worker.connection_opened();
    worker.loop_turned();
    worker.bytes_received(10);
    worker.bytes_sent(20);
    worker.tunnel_opened();
  }
  probes.of_worker(0).worker().connection_closed();
  probes.of_worker(0).worker().tunnel_closed();
  probes.of_worker(0).worker().dropped_log_lines().add(3);
  const auto text = probes.render();
  CHECK(has_line(text, "gatehouse_downstream_connections_total 2"));
  CHECK(has_line(text, "gatehouse_downstream_connections 1"));
  CHECK(has_line(text, "gatehouse_downstream_received_bytes_total 20"));
  CHECK(has_line(text, "gatehouse_downstream_sent_bytes_total 40"));
  CHECK(has_line(text, "gatehouse_tunnels 1"));
  CHECK(has_line(text, "gatehouse_loop_turns_total 2"));
  CHECK(has_line(text, "gatehouse_access_log_dropped_total 3"));
}

TEST_CASE("the process counts its runtimes and configurations") {
  Probes probes(1);
  probes.process().runtime_built();
  probes.process().runtime_built();
  probes.process().runtime_destroyed();
  probes.process().config_applied(7);
  probes.process().config_failed();
  const auto text = probes.render();
  CHECK(has_line(text, "gatehouse_runtimes_live 1"));
  CHECK(has_line(text, "gatehouse_config_generation 7"));
  CHECK(has_line(text, "gatehouse_config_errors_total 1"));
}

TEST_CASE("every sample line follows the HELP and TYPE of its family") {
  Probes probes(1);
  const auto lease = probes.lease_cluster("c");
  std::istringstream lines(probes.render());
  std::string line, family;
  while (std::getline(lines, line)) {
    if (line.starts_with("# HELP ")) {
      const auto name = line.substr(7, line.find(' ', 7) - 7);
      CHECK(name != family);
      family = name;
    } else if (!line.starts_with("# TYPE " + family + " ")) {
      CHECK(line.starts_with(family));
      CHECK_NOTHROW(std::stod(line.substr(line.rfind(' '))));
    }
  }
}
