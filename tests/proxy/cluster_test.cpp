// SPDX-License-Identifier: Apache-2.0
// Connections of a cluster: re-picks after failures, ejection, circuit breaker, retries.
#include <catch2/catch.hpp>

#include "tests/proxy/cluster_rig.h"

namespace gatehouse::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Warm = Cluster::Warm;

TEST_CASE("B1: a refused connection is tried on another endpoint at once, never on the same one") {
  QuietBackend good;
  QuietBackend bad;
  bad.stop();
  ClusterRig rig({bad.address(), good.address()});
  for (int i = 0; i < 6; ++i) {
    auto lease = rig.open({}, Warm::no);
    REQUIRE(lease);
    CHECK(lease->address() == good.address());
  }
}

TEST_CASE("an endpoint that refuses is ejected and probed with growing pauses") {
  QuietBackend good;
  QuietBackend bad;
  bad.stop();
  ClusterRig rig({bad.address(), good.address()});
  for (int i = 0; i < 10; ++i) REQUIRE(rig.open({}, Warm::no));
  CHECK(rig.metric("gatehouse_upstream_connect_failures_total") == "3");
  CHECK(rig.metric("gatehouse_upstream_ejected") == "1");

  for (int i = 0; i < 140; ++i) {  // 14 s: back after 1, 2, 4, 8 s
    rig.pass(milliseconds(100));
    REQUIRE(rig.open({}, Warm::no));
  }
  CHECK(rig.metric("gatehouse_upstream_connect_failures_total") == "6");
  CHECK(rig.metric("gatehouse_upstream_ejections_total") == "4");
  bad.restart();
  rig.pass(seconds(8));
  auto lease = rig.open({}, Warm::no);
  REQUIRE(lease);
  CHECK(lease->address() == bad.address());
  lease->report(UpstreamOutcome::answered(200));
  CHECK(rig.metric("gatehouse_upstream_ejected") == "0");
}

TEST_CASE("when everybody refuses, an ejected endpoint is tried too and serves as soon as it listens") {
  QuietBackend a;
  QuietBackend b;
  a.stop();
  b.stop();
  ClusterRig rig({a.address(), b.address()});
  for (int i = 0; i < 10; ++i) {
    const auto lease = rig.open();
    REQUIRE_FALSE(lease);
    CHECK(lease.error().fault == Fault::refused);
  }
  SECTION("one of them") {
    a.restart();
  }
  SECTION("the other") {
    b.restart();
  }
  for (int i = 0; i < 5; ++i) {
    auto lease = rig.open({}, Warm::no);
    REQUIRE(lease);
    lease->report(UpstreamOutcome::answered(200));
  }
}

TEST_CASE("B9: without endpoints the request is told so") {
  ClusterRig rig({});
  const auto lease = rig.open();
  REQUIRE_FALSE(lease);
  CHECK(lease.error().fault == Fault::unreachable);
  CHECK(rig.metric("gatehouse_upstream_no_endpoint_total") == "1");
}

TEST_CASE("a probe that is given back without a report leaves the endpoint to the next request") {
  QuietBackend a;
  QuietBackend b;
  ClusterRig rig({a.address(), b.address()});
  rig.report(a.address(), UpstreamOutcome::reset(), 3);
  rig.pass(milliseconds(1'010));
  for (int i = 0; i < 3; ++i) {
    auto lease = rig.open({}, Warm::no);
    REQUIRE(lease);
    CHECK(lease->address() == a.address());
  }
}

TEST_CASE("an endpoint that goes while it is ejected leaves the gauge at zero") {
  QuietBackend a;
  QuietBackend b;
  ClusterRig rig({a.address(), b.address()});
  auto lease = rig.open({}, Warm::no);
  REQUIRE(lease);
  for (int i = 0; i < 3; ++i) lease->report(UpstreamOutcome::reset());
  REQUIRE(rig.metric("gatehouse_upstream_ejected") == "1");
  rig.config.endpoints.clear();
  rig.publish();
  CHECK(rig.metric("gatehouse_upstream_ejected") == "0");
  lease->report(UpstreamOutcome::reset());  // nobody is interested any more
}

TEST_CASE("max_requests: what is too much is refused, and taken again when others have ended") {
  QuietBackend backend;
  ClusterRig rig({backend.address()}, [](ir::Cluster& c) { c.breaker.max_requests = 2; });
  auto first = rig.open();
  auto second = rig.open();
  REQUIRE(first);
  REQUIRE(second);
  const auto third = rig.open();
  REQUIRE_FALSE(third);
  CHECK(third.error().fault == Fault::overload);
  CHECK(third.error().retry == Retry::never);
  CHECK(rig.metric("gatehouse_upstream_circuit_open_total") == "1");
  first->release();
  CHECK(rig.open());
}

TEST_CASE("max_requests is split over the workers") {
  QuietBackend backend;
  const auto limit = [](ir::Cluster& c) { c.breaker.max_requests = 5; };
  ClusterRig first({backend.address()}, limit, {0, 2});
  ClusterRig second({backend.address()}, limit, {1, 2});
  std::vector<Result<Lease>> leases;
  for (int i = 0; i < 3; ++i) leases.push_back(first.open());
  for (int i = 0; i < 2; ++i) leases.push_back(second.open());
  for (const auto& lease : leases) CHECK(lease);
  CHECK_FALSE(first.open());
  CHECK_FALSE(second.open());
  leases.clear();
}

TEST_CASE("max_pending_requests bounds the requests that wait for a connection") {
  QuietBackend backend;
  ClusterRig rig({backend.address()}, [](ir::Cluster& c) {
    c.breaker.max_connections = 1;
    c.breaker.max_pending_requests = 2;
  });
  auto lease = rig.open();
  REQUIRE(lease);
  const auto a = rig.start();
  const auto b = rig.start();
  const auto c = rig.start();
  CHECK_FALSE(a->done());
  CHECK_FALSE(b->done());
  REQUIRE(c->done());
  CHECK(c->result->error().fault == Fault::overload);
  CHECK(rig.cluster().breaker().pending() == 2);
  rig.cluster().retire();
  for (int i = 0; i < 100 && !(a->done() && b->done()); ++i) rig.loop().turn(milliseconds(1));
  REQUIRE(a->done());
  CHECK(a->result->error().fault == Fault::unreachable);
  CHECK(rig.cluster().breaker().pending() == 0);
}

TEST_CASE("max_connections: a request waits for its turn, first come first served") {
  QuietBackend backend;
  ClusterRig rig({backend.address()}, [](ir::Cluster& c) { c.breaker.max_connections = 1; });
  auto lease = rig.open();
  REQUIRE(lease);
  const auto first = rig.start();
  const auto second = rig.start();
  CHECK_FALSE(rig.cluster().take_warm({}));
  lease->release();
  for (int i = 0; i < 1'000 && !first->done(); ++i) rig.loop().turn(milliseconds(1));
  REQUIRE(first->done());
  REQUIRE(*first->result);
  CHECK_FALSE(second->done());
  CHECK(rig.cluster().breaker().connections() == 1);
  (*first->result)->release();
  for (int i = 0; i < 1'000 && !second->done(); ++i) rig.loop().turn(milliseconds(1));
  REQUIRE(second->done());
  CHECK(*second->result);
}

TEST_CASE("max_connections: who waits longer than the connect timeout is refused") {
  QuietBackend backend;
  ClusterRig rig({backend.address()}, [](ir::Cluster& c) { c.breaker.max_connections = 1; });
  auto lease = rig.open();
  REQUIRE(lease);
  const auto waiting = rig.start();
  rig.pass(seconds(4));
  CHECK_FALSE(waiting->done());
  rig.pass(milliseconds(1'100));
  REQUIRE(waiting->done());
  CHECK(waiting->result->error().fault == Fault::overload);
  CHECK(rig.cluster().breaker().waiting() == 0);
}

TEST_CASE("max_connections: a client that leaves stops waiting") {
  QuietBackend backend;
  ClusterRig rig({backend.address()}, [](ir::Cluster& c) { c.breaker.max_connections = 1; });
  auto lease = rig.open();
  REQUIRE(lease);
  io::CancelSource gone(rig.loop());
  const auto waiting = rig.start({}, Warm::allowed, {io::kNoDeadline, &gone});
  gone.fire();
  rig.pass(milliseconds(100));
  REQUIRE(waiting->done());
  CHECK(waiting->result->error().fault == Fault::cancelled);
}

TEST_CASE("max_connections: a client that leaves when it is its turn passes the turn on") {
  QuietBackend backend;
  ClusterRig rig({backend.address()}, [](ir::Cluster& c) { c.breaker.max_connections = 1; });
  auto lease = rig.open();
  REQUIRE(lease);
  io::CancelSource gone(rig.loop());
  const auto leaving = rig.start({}, Warm::allowed, {io::kNoDeadline, &gone});
  const auto staying = rig.start();
  gone.fire();
  lease->release();
  for (int i = 0; i < 1'000 && !staying->done(); ++i) rig.loop().turn(milliseconds(1));
  REQUIRE(leaving->done());
  CHECK(leaving->result->error().fault == Fault::cancelled);
  REQUIRE(staying->done());
  CHECK(*staying->result);
}

TEST_CASE("a session whose endpoint is removed while its request waits goes elsewhere") {
  QuietBackend a;
  QuietBackend b;
  ClusterRig rig({a.address(), b.address()}, [](ir::Cluster& c) { c.breaker.max_connections = 1; });
  PickRequest other;
  const auto address_of_b = b.address();
  other.pinned = &address_of_b;
  auto lease = rig.open(other);
  REQUIRE(lease);
  PickRequest session;
  session.pinned = &rig.endpoints().find(a.address())->address();
  const auto waiting = rig.start(session);
  rig.config.endpoints.erase(rig.config.endpoints.begin());
  rig.publish();
  lease->release();
  for (int i = 0; i < 1'000 && !waiting->done(); ++i) rig.loop().turn(milliseconds(1));
  REQUIRE(waiting->done());
  REQUIRE(*waiting->result);
  CHECK((*waiting->result)->address() == b.address());
}

TEST_CASE("RetryPermit counts retries in flight until it goes") {
  QuietBackend backend;
  ClusterRig rig({backend.address()}, [](ir::Cluster& c) { c.breaker.max_retries = 1; });
  auto permit = rig.cluster().may_retry();
  CHECK(permit);
  CHECK_FALSE(rig.cluster().may_retry());
  CHECK(rig.metric("gatehouse_upstream_retries_refused_total") == "1");
  permit.release();
  CHECK(rig.cluster().may_retry());
}

TEST_CASE("L12: the retry budget counts what the cluster leases") {
  QuietBackend backend;
  ClusterRig rig({backend.address()}, [](ir::Cluster& c) {
    c.retry_budget.enabled = true;
    c.retry_budget.percent = 20;
    c.retry_budget.min_count = 0;
  });
  CHECK_FALSE(rig.cluster().may_retry());
  for (int i = 0; i < 10; ++i) REQUIRE(rig.open({}, Warm::no));
  CHECK(rig.cluster().may_retry());
  CHECK(rig.cluster().may_retry());
  CHECK_FALSE(rig.cluster().may_retry());
}

TEST_CASE("B12: an endpoint that is removed gets no request, and what it serves goes on") {
  QuietBackend a;
  QuietBackend b;
  ClusterRig rig({a.address(), b.address()});
  PickRequest to_a;
  const auto address = a.address();
  to_a.pinned = &address;
  auto lease = rig.open(to_a);
  REQUIRE(lease);
  rig.config.endpoints.erase(rig.config.endpoints.begin());
  rig.publish();
  CHECK(lease->address() == address);
  CHECK((*lease)->as_http1()->socket().is_open());
  for (int i = 0; i < 5; ++i) CHECK(rig.pick(to_a) == b.address());
}

}  // namespace
}  // namespace gatehouse::proxy
