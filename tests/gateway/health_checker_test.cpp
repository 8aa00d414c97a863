// SPDX-License-Identifier: Apache-2.0
// The thread that checks endpoints: verdicts come, stay over changes of the configuration, and go.
#include "gateway/health_checker.h"

#include <catch2/catch.hpp>

#include "gateway/reaper.h"
#include "tests/support/scripted_backend.h"

namespace gatehouse::gateway {
namespace {

using namespace std::chrono_literals;
using test::ScriptedBackend;

constexpr std::string_view kSick = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

/// Runtimes of one cluster, and the checker of its endpoints.
class Clinic {
 public:
  Clinic() : checker_(probes_, reaper_) {
    cluster.key = "Service/test/backend/80";
    cluster.active_health.kind = ir::ActiveHealthCheck::Kind::http;
    cluster.active_health.interval = 10ms;
    cluster.active_health.timeout = 5s;
    REQUIRE(checker_.start());
  }

  void serve(const std::vector<SocketAddress>& endpoints) {
    cluster.endpoints.clear();
    for (const auto& address : endpoints) cluster.endpoints.push_back({address.ip.to_string(), address.port});
    auto config = std::make_shared<ir::Config>();
    config->clusters.push_back(std::make_shared<ir::Cluster>(cluster));
    proxy::Runtime::Input input{config, runtime_.get(), {cluster_ids_, route_ids_}};
    input.settings = &settings_;
    input.probes = &probes_;
    runtime_ = proxy::Runtime::build(input);
    checker_.watch(runtime_);
  }

  bool is_healthy(std::size_t index) const {
    const auto& health = runtime_->clusters().front().health;
    return health->is_healthy(index);
  }
  bool becomes(bool healthy, std::size_t index = 0) const {
    return wait_until([&] { return is_healthy(index) == healthy; });
  }
  /// The number behind `series` in /metrics.
  std::int64_t metric(std::string_view name, std::string_view label = {}) const {
    const auto series = fmt::format("\n{}{{cluster=\"{}\"{}}} ", name, cluster.key, label);
    const auto text = probes_.render();
    const auto at = text.find(series);
    return at == std::string::npos ? -1 : std::stoll(text.substr(at + series.size()));
  }
  template <typename Holds>
  static bool wait_until(Holds holds) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!holds() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return holds();
  }

  ir::Cluster cluster;

 private:
  proxy::Probes probes_{1};
  proxy::ProxySettings settings_;
  routing::Ids cluster_ids_;
  routing::Ids route_ids_;
  Reaper reaper_;
  std::shared_ptr<const proxy::Runtime> runtime_;
  HealthChecker checker_;
};

}  // namespace

TEST_CASE("an endpoint starts healthy, falls ill after its threshold, and recovers") {
  ScriptedBackend backend(ScriptedBackend::answering(std::string(kSick)));
  Clinic clinic;
  clinic.cluster.active_health.unhealthy_threshold = 4;
  clinic.serve({backend.address()});
  CHECK(clinic.is_healthy(0));
  REQUIRE(clinic.becomes(false));
  CHECK(backend.requests().size() >= 4);
  CHECK(Clinic::wait_until([&] { return clinic.metric("gatehouse_upstream_unhealthy") == 1; }));
  CHECK(clinic.metric("gatehouse_upstream_checks_total", ",result=\"failed\"") >= 4);
  CHECK(clinic.metric("gatehouse_upstream_checks_total", ",result=\"passed\"") < 1);

  backend.set_script(ScriptedBackend::answering(std::string(ScriptedBackend::kOk)));
  REQUIRE(clinic.becomes(true));
  CHECK(Clinic::wait_until([&] { return clinic.metric("gatehouse_upstream_unhealthy") == 0; }));
  CHECK(clinic.metric("gatehouse_upstream_checks_total", ",result=\"passed\"") >= 1);
}

TEST_CASE("each endpoint has its own verdict") {
  ScriptedBackend well;
  ScriptedBackend sick(ScriptedBackend::answering(std::string(kSick)));
  Clinic clinic;
  clinic.serve({well.address(), sick.address()});
  REQUIRE(clinic.becomes(false, 1));
  REQUIRE(well.wait_for_requests(1));
  CHECK(clinic.is_healthy(0));
}

TEST_CASE("a verdict outlives a change of the configuration, and goes with the endpoint") {
  ScriptedBackend well;
  ScriptedBackend sick(ScriptedBackend::answering(std::string(kSick)));
  Clinic clinic;
  clinic.serve({sick.address()});
  REQUIRE(clinic.becomes(false, 0));

  clinic.cluster.active_health.interval = 50ms;
  clinic.serve({well.address(), sick.address()});
  CHECK_FALSE(clinic.is_healthy(1));
  CHECK(clinic.is_healthy(0));
  sick.set_script(ScriptedBackend::answering(std::string(ScriptedBackend::kOk)));
  CHECK(clinic.becomes(true, 1));

  sick.set_script(ScriptedBackend::answering(std::string(kSick)));
  REQUIRE(clinic.becomes(false, 1));
  clinic.serve({well.address()});
  CHECK(Clinic::wait_until([&] { return clinic.metric("gatehouse_upstream_unhealthy") == 0; }));
  clinic.serve({well.address(), sick.address()});
  CHECK(clinic.is_healthy(1));
}

TEST_CASE("an endpoint that is not listed any more is not checked any more") {
  ScriptedBackend gone;
  ScriptedBackend stays;
  Clinic clinic;
  clinic.serve({gone.address()});
  REQUIRE(gone.wait_for_requests(2));
  clinic.serve({stays.address()});
  REQUIRE(stays.wait_for_requests(1));  // by now the change is known to the thread
  REQUIRE(gone.wait_until_closed());
  const auto before = gone.connections();
  stays.forget();
  REQUIRE(stays.wait_for_requests(5));
  CHECK(gone.connections() == before);
}

TEST_CASE("a cluster without an active check is left alone") {
  ScriptedBackend backend;
  ScriptedBackend checked;
  Clinic clinic;
  clinic.cluster.active_health.kind = ir::ActiveHealthCheck::Kind::none;
  clinic.serve({backend.address()});
  clinic.cluster.active_health.kind = ir::ActiveHealthCheck::Kind::http;
  clinic.serve({checked.address()});
  REQUIRE(checked.wait_for_requests(3));
  CHECK(backend.connections() == 0);
}

TEST_CASE("a check that hangs does not hold up the end") {
  ScriptedBackend backend([](test::BackendConnection& connection) { connection.hold(); });
  const auto began = std::chrono::steady_clock::now();
  {
    Clinic clinic;
    clinic.cluster.active_health.timeout = 60s;
    clinic.serve({backend.address()});
    REQUIRE(backend.wait_for_connections(1));
  }
  CHECK(std::chrono::steady_clock::now() - began < 20s);
}

}  // namespace gatehouse::gateway
