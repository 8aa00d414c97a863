// SPDX-License-Identifier: Apache-2.0
// Which endpoints get requests: priorities, health, ejection, slow start, sessions, hashes.
#include <catch2/catch.hpp>

#include "tests/proxy/cluster_rig.h"

namespace gatehouse::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Counts = std::vector<int>;

const SocketAddress kA = fake_address(1);
const SocketAddress kB = fake_address(2);
const SocketAddress kC = fake_address(3);
const SocketAddress kD = fake_address(4);

void check_actively(ir::Cluster& cluster) {
  cluster.active_health.kind = ir::ActiveHealthCheck::Kind::tcp;
}

/// Numbers endpoints by their last octet.
class LastOctet final : public EndpointHasher {
 public:
  std::uint64_t hash(const SocketAddress& address) const override {
    ++asked;
    return 1000u + address.ip.bytes[3];
  }
  mutable int asked = 0;
};

TEST_CASE("B12: terminating endpoints serve only when nothing else is ready") {
  ClusterRig rig({kA, kB});
  rig.add(kC, 2);
  rig.publish();
  CHECK(rig.tally(30) == Counts{15, 15, 0});
  rig.config.endpoints.erase(rig.config.endpoints.begin(), rig.config.endpoints.begin() + 2);
  rig.publish();
  CHECK(rig.tally(30) == Counts{30});
}

TEST_CASE("another zone serves only while none of ours is usable") {
  ClusterRig rig({kA, kB}, check_actively);
  rig.add(kC, 1);
  rig.add(kD, 1);
  rig.publish();
  CHECK(rig.tally(40) == Counts{20, 20, 0, 0});
  rig.shared.health->set_healthy(0, false);
  CHECK(rig.tally(40) == Counts{0, 40, 0, 0});
  rig.shared.health->set_healthy(1, false);
  CHECK(rig.tally(40) == Counts{0, 0, 20, 20});
  rig.shared.health->set_healthy(0, true);
  CHECK(rig.tally(40) == Counts{40, 0, 0, 0});
}

TEST_CASE("B11: when every endpoint fails its check, all are used") {
  ClusterRig rig({kA, kB, kC}, check_actively);
  for (std::size_t i = 0; i < 3; ++i) rig.shared.health->set_healthy(i, false);
  CHECK(rig.tally(30) == Counts{10, 10, 10});
  rig.shared.health->set_healthy(1, true);
  CHECK(rig.tally(30) == Counts{0, 30, 0});
}

TEST_CASE("a verdict stays with its address when the list changes") {
  ClusterRig rig({kA, kB}, check_actively);
  rig.shared.health->set_healthy(1, false);
  rig.config.endpoints.insert(rig.config.endpoints.begin(), {"192.0.2.9", 80, 0});
  rig.publish();
  CHECK(rig.tally(30) == Counts{15, 15, 0});
  rig.shared.health->set_healthy(2, true);
  CHECK(rig.tally(30) == Counts{10, 10, 10});
}

TEST_CASE("a verdict that is written through an old runtime reaches the new one") {
  ClusterRig rig({kA, kB}, check_actively);
  const auto old = rig.shared.health;
  rig.config.pool.max_idle_per_endpoint = 7;
  rig.publish();
  old->set_healthy(0, false);
  CHECK(rig.tally(10) == Counts{0, 10});
}

TEST_CASE("an endpoint that is ejected gets nothing until its time is over, then one request") {
  ClusterRig rig({kA, kB, kC});
  rig.report(kA, UpstreamOutcome::reset(), 3);
  CHECK(rig.tally(30) == Counts{0, 15, 15});
  rig.pass(milliseconds(999));
  CHECK(rig.tally(30) == Counts{0, 15, 15});
  rig.pass(milliseconds(2));
  Endpoint* probed = rig.endpoints().pick({}, {}, rig.loop().now());
  REQUIRE(probed);
  CHECK(probed->address() == kA);
  rig.endpoints().begin_use(*probed);
  CHECK(rig.tally(30) == Counts{0, 15, 15});  // while the answer is awaited
  SECTION("well again") {
    rig.endpoints().record(*probed, UpstreamOutcome::answered(200), rig.loop().now());
    CHECK(rig.tally(30) == Counts{10, 10, 10});
  }
  SECTION("not yet: out for twice as long") {
    rig.endpoints().record(*probed, UpstreamOutcome::reset(), rig.loop().now());
    rig.pass(milliseconds(1'999));
    CHECK(rig.tally(30) == Counts{0, 15, 15});
    rig.pass(milliseconds(2));
    CHECK(rig.pick() == kA);
  }
  SECTION("no verdict: the next request tries") {
    rig.endpoints().forget_probe(*probed);
    CHECK(rig.pick() == kA);
  }
}

TEST_CASE("B11: the last usable endpoint is never ejected") {
  ClusterRig rig({kA, kB});
  rig.report(kA, UpstreamOutcome::refused(), 3);
  rig.report(kB, UpstreamOutcome::refused(), 50);
  CHECK(rig.tally(10) == Counts{0, 10});
  ClusterRig alone({kA});
  alone.report(kA, UpstreamOutcome::refused(), 50);
  CHECK(alone.tally(10) == Counts{10});
}

TEST_CASE("B11: what requests may be to blame for ejects no more than half") {
  ClusterRig rig({kA, kB, kC, kD});
  SECTION("resets") {
    for (const auto& address : {kA, kB, kC, kD}) rig.report(address, UpstreamOutcome::reset(), 20);
    CHECK(rig.tally(20) == Counts{0, 0, 10, 10});
  }
  SECTION("an endpoint that refuses connections is no use to anybody") {
    for (const auto& address : {kA, kB, kC, kD}) rig.report(address, UpstreamOutcome::refused(), 20);
    CHECK(rig.tally(20) == Counts{0, 0, 0, 20});
  }
}

TEST_CASE("with a limit of 0 % nothing is ejected, else at least one may be") {
  const auto [percent, expected] =
      GENERATE(table<std::uint32_t, Counts>({{0, {10, 10, 10}}, {10, {0, 15, 15}}}));
  ClusterRig rig({kA, kB, kC}, [p = percent](ir::Cluster& c) { c.passive_health.max_ejected_percent = p; });
  rig.report(kA, UpstreamOutcome::reset(), 10);
  rig.report(kB, UpstreamOutcome::reset(), 10);
  CHECK(rig.tally(30) == expected);
}

TEST_CASE("when the last healthy endpoint goes, the ejected ones are used again") {
  ClusterRig rig({kA, kB});
  rig.report(kA, UpstreamOutcome::reset(), 3);
  rig.config.endpoints.pop_back();
  rig.publish();
  CHECK(rig.tally(5) == Counts{5});
  CHECK(rig.endpoints().is_in_panic());
  rig.report(kA, UpstreamOutcome::answered(200));
  rig.pick();
  CHECK_FALSE(rig.endpoints().is_in_panic());
}

TEST_CASE("a change of the list keeps who is ejected") {
  ClusterRig rig({kA, kB});
  rig.report(kA, UpstreamOutcome::reset(), 3);
  rig.add(kC);
  rig.publish();
  CHECK(rig.tally(20) == Counts{0, 10, 10});
}

TEST_CASE("an endpoint tried before is not picked while others are left") {
  const auto kind = GENERATE(ir::LoadBalancer::Kind::round_robin, ir::LoadBalancer::Kind::least_request,
                             ir::LoadBalancer::Kind::random, ir::LoadBalancer::Kind::ring_hash,
                             ir::LoadBalancer::Kind::maglev);
  ClusterRig rig({kA, kB, kC}, [&](ir::Cluster& c) { c.load_balancer.kind = kind; });
  PickRequest request;
  request.hash = 12345;
  std::vector<SocketAddress> tried;
  for (int i = 0; i < 3; ++i) {
    request.avoid = tried;
    const auto picked = rig.pick(request);
    CHECK(std::count(tried.begin(), tried.end(), picked) == 0);
    tried.push_back(picked);
  }
  request.avoid = tried;
  rig.pick(request);  // all were tried: any will do
}

TEST_CASE("when all ready endpoints were tried, an ejected one is the last hope") {
  ClusterRig rig({kA, kB});
  rig.report(kA, UpstreamOutcome::reset(), 3);
  const std::vector<SocketAddress> tried{kB};
  PickRequest request;
  request.avoid = tried;
  CHECK(rig.pick(request) == kA);
}

TEST_CASE("a session stays on its endpoint as long as that is usable") {
  ClusterRig rig({kA, kB, kC});
  PickRequest session;
  session.pinned = &kB;
  CHECK(rig.tally(10, session) == Counts{0, 10, 0});
  SECTION("also when it is terminating") {
    rig.config.endpoints[1].priority = 2;
    rig.publish();
    CHECK(rig.tally(10, session) == Counts{0, 10, 0});
  }
  SECTION("not when it is ejected") {
    rig.report(kB, UpstreamOutcome::reset(), 3);
    CHECK(rig.tally(10, session) == Counts{5, 0, 5});
  }
  SECTION("not when it was just tried") {
    session.avoid = {&kB, 1};
    CHECK(rig.tally(10, session)[1] == 0);
  }
  SECTION("not when it is gone") {
    rig.config.endpoints.erase(rig.config.endpoints.begin() + 1);
    rig.publish();
    CHECK(rig.tally(10, session) == Counts{5, 5});
  }
}

TEST_CASE("a session token names an endpoint by its number") {
  ClusterRig rig({kA, kB});
  const LastOctet hasher;
  const auto* found = rig.cluster().find_endpoint(1002, hasher);
  REQUIRE(found);
  CHECK(*found == kB);
  CHECK(rig.cluster().find_endpoint(1003, hasher) == nullptr);
  CHECK(hasher.asked == 2);
  rig.add(kC);
  rig.publish();
  REQUIRE(rig.cluster().find_endpoint(1003, hasher));
  CHECK(hasher.asked == 3);  // once per endpoint
}

TEST_CASE("a hash goes to one endpoint; its keys spread when that is out") {
  const auto kind = GENERATE(ir::LoadBalancer::Kind::ring_hash, ir::LoadBalancer::Kind::maglev);
  ClusterRig rig({kA, kB, kC, kD}, [&](ir::Cluster& c) { c.load_balancer.kind = kind; });
  PickRequest request;
  request.hash = routing::balance::stable_hash("somebody");
  const auto owner = rig.pick(request);
  CHECK(rig.tally(50, request)[rig.index_of(owner)] == 50);
  rig.report(owner, UpstreamOutcome::reset(), 3);
  CHECK(rig.tally(50, request)[rig.index_of(owner)] == 0);
  rig.pass(milliseconds(1'010));
  CHECK(rig.pick(request) == owner);  // half open: its own keys probe it
}

TEST_CASE("without a hash a hashing balancer spreads at random, and also probes") {
  ClusterRig rig({kA, kB}, [](ir::Cluster& c) { c.load_balancer.kind = ir::LoadBalancer::Kind::maglev; });
  const auto counts = rig.tally(1'000);
  CHECK(counts[0] > 400);
  CHECK(counts[1] > 400);
  rig.report(kA, UpstreamOutcome::reset(), 3);
  rig.pass(milliseconds(1'010));
  CHECK(rig.pick() == kA);
}

TEST_CASE("a new endpoint starts slowly, those of the beginning do not") {
  ClusterRig rig({kA, kB}, [](ir::Cluster& c) { c.load_balancer.slow_start = seconds(10); });
  CHECK(rig.tally(100) == Counts{50, 50});
  rig.add(kC);
  rig.publish();
  const int at_first = rig.tally(2'100)[2];
  CHECK(at_first > 40);
  CHECK(at_first < 200);
  rig.pass(seconds(5));
  const int later = rig.tally(2'500)[2];
  CHECK(later > 400);
  CHECK(later < 600);
  rig.pass(seconds(5));
  CHECK(rig.tally(300) == Counts{100, 100, 100});
}

TEST_CASE("B11: an endpoint that is well again starts slowly") {
  ClusterRig rig({kA, kB}, [](ir::Cluster& c) {
    c.load_balancer.slow_start = seconds(10);
    check_actively(c);
  });
  SECTION("after an ejection") {
    rig.report(kA, UpstreamOutcome::reset(), 3);
    rig.pass(milliseconds(1'010));
    rig.report(kA, UpstreamOutcome::answered(200));
  }
  SECTION("after failed checks") {
    rig.shared.health->set_healthy(0, false);
    rig.pick();
    rig.shared.health->set_healthy(0, true);
  }
  CHECK(rig.tally(1'000)[0] < 250);
  rig.pass(seconds(10));
  CHECK(rig.tally(100) == Counts{50, 50});
}

TEST_CASE("B9: no endpoint") {
  ClusterRig rig({});
  CHECK(rig.endpoints().pick({}, {}, rig.loop().now()) == nullptr);
  CHECK_FALSE(rig.cluster().take_warm({}));
}

TEST_CASE("a name that has no address yet is no endpoint") {
  ClusterRig rig({kA});
  rig.config.endpoints.push_back({"backend.example", 80, 0});
  rig.publish();
  CHECK(rig.cluster().endpoint_count() == 1);
  CHECK(rig.tally(5) == Counts{5, 0});
}

}  // namespace
}  // namespace gatehouse::proxy
