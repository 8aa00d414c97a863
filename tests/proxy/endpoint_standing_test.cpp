// SPDX-License-Identifier: Apache-2.0
// Passive health of one endpoint: what ejects it, for how long, and how it comes back.
#include "proxy/upstream/endpoint_standing.h"

#include <catch2/catch.hpp>

namespace gatehouse::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using State = EndpointStanding::State;
using Verdict = EndpointStanding::Verdict;

constexpr MonoTime kStart{seconds(1000)};

ir::PassiveHealth limits(std::uint32_t local, std::uint32_t gateway = 0, std::uint32_t any_5xx = 0) {
  ir::PassiveHealth health;
  health.consecutive_local_failures = local;
  health.consecutive_gateway_errors = gateway;
  health.consecutive_5xx = any_5xx;
  health.base_ejection = seconds(1);
  health.max_ejection = seconds(5);
  return health;
}

/// Ejects it at `now` as an EndpointSet would; returns how long.
Duration eject(EndpointStanding& standing, MonoTime now, const ir::PassiveHealth& health) {
  standing.eject(now, health);
  return standing.ejected_until() - now;
}

TEST_CASE("local failures in a row eject, one answer between them starts anew") {
  EndpointStanding standing;
  const auto health = limits(3);
  CHECK(standing.record(UpstreamOutcome::reset(), kStart, health) == Verdict::nothing);
  CHECK(standing.record(UpstreamOutcome::timeout(), kStart, health) == Verdict::nothing);
  CHECK(standing.record(UpstreamOutcome::answered(200), kStart, health) == Verdict::nothing);
  CHECK(standing.record(UpstreamOutcome::reset(), kStart, health) == Verdict::nothing);
  CHECK(standing.record(UpstreamOutcome::reset(), kStart, health) == Verdict::nothing);
  CHECK(standing.record(UpstreamOutcome::reset(), kStart, health) == Verdict::failing);
}

TEST_CASE("failures between good answers eject too, when there are many") {
  EndpointStanding standing;
  const auto health = limits(3);
  Verdict last = Verdict::nothing;
  int failures = 0;
  for (; failures < 16 && last == Verdict::nothing; ++failures) {
    standing.record(UpstreamOutcome::answered(200), kStart, health);
    last = standing.record(UpstreamOutcome::reset(), kStart, health);
  }
  CHECK(last == Verdict::failing);
  CHECK(failures == 6);
}

TEST_CASE("one failure in ten never ejects") {
  EndpointStanding standing;
  const auto health = limits(3);
  for (int i = 0; i < 1000; ++i) {
    const auto outcome = i % 10 == 0 ? UpstreamOutcome::reset() : UpstreamOutcome::answered(200);
    CHECK(standing.record(outcome, kStart, health) == Verdict::nothing);
  }
}

TEST_CASE("5xx answers count only when asked for, and only in a row") {
  EndpointStanding standing;
  const auto answer = [&](std::uint16_t status, const ir::PassiveHealth& health) {
    return standing.record(UpstreamOutcome::answered(status), kStart, health);
  };
  SECTION("off by default") {
    for (int i = 0; i < 100; ++i) CHECK(answer(500, ir::PassiveHealth{}) == Verdict::nothing);
  }
  SECTION("any 5xx") {
    CHECK(answer(500, limits(0, 0, 2)) == Verdict::nothing);
    CHECK(answer(404, limits(0, 0, 2)) == Verdict::nothing);
    CHECK(answer(501, limits(0, 0, 2)) == Verdict::nothing);
    CHECK(answer(599, limits(0, 0, 2)) == Verdict::failing);
  }
  SECTION("gateway errors are 502, 503 and 504") {
    CHECK(answer(502, limits(0, 3)) == Verdict::nothing);
    CHECK(answer(500, limits(0, 3)) == Verdict::nothing);
    CHECK(answer(502, limits(0, 3)) == Verdict::nothing);
    CHECK(answer(503, limits(0, 3)) == Verdict::nothing);
    CHECK(answer(504, limits(0, 3)) == Verdict::failing);
  }
}

TEST_CASE("an ejected endpoint comes back through one good probe") {
  EndpointStanding standing;
  const auto health = limits(1);
  REQUIRE(standing.record(UpstreamOutcome::refused(), kStart, health) == Verdict::unreachable);
  CHECK(eject(standing, kStart, health) == seconds(1));
  CHECK(standing.is_ejected());
  CHECK_FALSE(standing.is_pickable());
  standing.open_half();
  CHECK(standing.is_pickable());
  standing.begin_probe();
  CHECK_FALSE(standing.is_pickable());
  CHECK(standing.record(UpstreamOutcome::answered(200), kStart + seconds(1), health) == Verdict::restored);
  CHECK(standing.is_clean());
}

TEST_CASE("a probe that says nothing leaves it to the next request") {
  EndpointStanding standing;
  standing.eject(kStart, limits(1));
  standing.open_half();
  standing.begin_probe();
  standing.forget_probe();
  CHECK(standing.state() == State::half_open);
}

TEST_CASE("each ejection in a row is twice as long, up to the limit") {
  EndpointStanding standing;
  const auto health = limits(1);
  MonoTime now = kStart;
  for (const auto expected : {1, 2, 4, 5, 5, 5}) {
    const auto length = eject(standing, now, health);
    CHECK(length == seconds(expected));
    now += length;
    standing.open_half();
    standing.begin_probe();
    CHECK(standing.record(UpstreamOutcome::reset(), now, health) == Verdict::failing);
  }
}

TEST_CASE("soon after its return one failure is enough, and the ejection is longer") {
  EndpointStanding standing;
  const auto health = limits(3);
  eject(standing, kStart, health);
  standing.open_half();
  MonoTime now = kStart + seconds(1);
  standing.record(UpstreamOutcome::answered(200), now, health);
  REQUIRE(standing.state() == State::in_service);
  SECTION("soon") {
    now += milliseconds(900);
    CHECK(standing.record(UpstreamOutcome::reset(), now, health) == Verdict::failing);
    CHECK(eject(standing, now, health) == seconds(2));
  }
  SECTION("later it counts as good again") {
    now += milliseconds(1100);
    CHECK(standing.record(UpstreamOutcome::reset(), now, health) == Verdict::nothing);
    CHECK(eject(standing, now, health) == seconds(1));
  }
}

TEST_CASE("an answer ends an ejection at once, unless it is of the kind that led to it") {
  EndpointStanding standing;
  standing.eject(kStart, limits(3, 1));
  CHECK(standing.record(UpstreamOutcome::answered(503), kStart, limits(3, 1)) == Verdict::nothing);
  CHECK(standing.is_ejected());
  CHECK(standing.record(UpstreamOutcome::answered(500), kStart, limits(3, 1)) == Verdict::restored);
  standing.eject(kStart, limits(3));
  CHECK(standing.record(UpstreamOutcome::answered(503), kStart, limits(3)) == Verdict::restored);
}

TEST_CASE("local failures are not counted when they are switched off") {
  EndpointStanding standing;
  for (int i = 0; i < 50; ++i)
    CHECK(standing.record(UpstreamOutcome::refused(), kStart, limits(0)) == Verdict::nothing);
}

}  // namespace
}  // namespace gatehouse::proxy
