// SPDX-License-Identifier: Apache-2.0
// Which kinds are served in which versions, and when one counts as gone.
#include "controller/discovery.h"

#include <catch2/catch.hpp>
#include <map>

#include "controller/api_client_factory.h"
#include "tests/base/fake_clock.h"
#include "tests/support/fake_api_server.h"

namespace gatehouse::controller {
namespace {

using namespace std::chrono_literals;
using test::FakeApiServer;

constexpr std::string_view kGroup = "gateway.networking.k8s.io";

std::vector<const WatchedKind*> kinds_of(std::string_view group) {
  std::vector<const WatchedKind*> kinds;
  for (const auto& kind : watched_kinds())
    if (kind.group == group) kinds.push_back(&kind);
  return kinds;
}

struct Rig {
  Rig() : factory(access()) {}

  ClusterAccess access() const {
    ClusterAccess made;
    made.server = server.url();
    return made;
  }

  /// "v1", "absent", or "unknown: why".
  std::string served(std::string_view kind) {
    const auto kinds = kinds_of(find_watched_kind(kind)->group);
    const auto client = factory.make_client();
    const auto results = ask_for_group(*client, kinds[0]->group, kinds);
    for (std::size_t i = 0; i < kinds.size(); ++i)
      if (kinds[i]->kind == kind) return text_of(results[i]);
    return "not asked";
  }

  static std::string text_of(const Served& served) {
    if (served.is == Served::Is::there) return served.version;
    return served.is == Served::Is::absent ? "absent" : "unknown: " + served.error;
  }

  FakeApiServer server;
  ApiClientFactory factory;
};

}  // namespace

TEST_CASE("the best version that is served is taken") {
  Rig rig;
  CHECK(rig.served("TCPRoute") == "v1");
  CHECK(rig.server.count("GET", "/apis/gateway.networking.k8s.io") == 2);
  rig.server.serve("TCPRoute", {"v1alpha2"});
  rig.server.serve("TLSRoute", {"v1alpha2", "v1alpha3"});
  rig.server.serve("UDPRoute", {});
  CHECK(rig.served("TCPRoute") == "v1alpha2");
  CHECK(rig.served("TLSRoute") == "v1alpha3");
  CHECK(rig.served("UDPRoute") == "absent");
  CHECK(rig.served("HTTPRoute") == "v1");
}

TEST_CASE("a group that is not there has none of its kinds") {
  Rig rig;
  rig.server.serve("BackendTrafficPolicy", {});
  CHECK(rig.served("BackendTrafficPolicy") == "absent");
  CHECK(rig.served("XBackend") == "v1alpha1");
}

TEST_CASE("an API server that fails or refuses says nothing about what is served") {
  Rig rig;
  rig.server.inject({.part = "/apis/gateway.networking.k8s.io",
                     .times = -1,
                     .status = 503,
                     .reason = "ServiceUnavailable",
                     .message = "starting"});
  CHECK(rig.served("HTTPRoute") ==
        "unknown: GET /apis/gateway.networking.k8s.io: 503 ServiceUnavailable: starting");
  rig.server.clear_faults();
  rig.server.inject({.part = "/apis/gateway.networking.k8s.io/v1", .status = 403, .reason = "Forbidden"});
  CHECK(rig.served("HTTPRoute").find("unknown: ") == 0);
}

TEST_CASE("an answer without sense means absent, not a crash") {
  Rig rig;
  for (const auto* body : {"[]", "{\"versions\": 3}", "{\"versions\": [1, {\"version\": []}]}", "<html>"}) {
    rig.server.inject({.part = "/apis/gatehouse.dev", .status = 200, .body = body});
    CHECK(rig.served("BackendTrafficPolicy") == "absent");
  }
}

TEST_CASE("a kind that was there is gone only when it was missed for a while") {
  Rig rig;
  FakeClock clock;
  std::map<std::string, std::string> reported;
  Discovery discovery(
      rig.factory.make_client(), kinds_of(kGroup),
      [&](const WatchedKind& kind, const Served& served) {
        reported[std::string(kind.kind)] = Rig::text_of(served);
      },
      {}, clock, 1);
  rig.server.serve("UDPRoute", {});
  CHECK(discovery.ask() == 30s);
  CHECK(reported["HTTPRoute"] == "v1");
  CHECK(reported["UDPRoute"] == "absent");

  rig.server.serve("UDPRoute", {"v1"});
  CHECK(discovery.ask() > 30s);
  CHECK(reported["UDPRoute"] == "v1");

  rig.server.serve("UDPRoute", {});
  discovery.ask();
  clock.advance(29s);
  CHECK(discovery.ask() == 1s);
  CHECK(reported["UDPRoute"] == "v1");
  rig.server.serve("UDPRoute", {"v1alpha2"});
  discovery.ask();
  CHECK(reported["UDPRoute"] == "v1alpha2");
  rig.server.serve("UDPRoute", {});
  clock.advance(29s);
  discovery.ask();
  CHECK(reported["UDPRoute"] == "v1alpha2");
  clock.advance(30s);
  discovery.ask();
  CHECK(reported["UDPRoute"] == "absent");
}

TEST_CASE("a failed inquiry is repeated with growing pauses") {
  Rig rig;
  FakeClock clock;
  std::string reported;
  Discovery discovery(
      rig.factory.make_client(), kinds_of(kGroup),
      [&](const WatchedKind&, const Served& served) { reported = Rig::text_of(served); }, {}, clock, 1);
  rig.server.inject({.times = 2, .status = 500});
  const auto first = discovery.ask();
  CHECK(first < 1600ms);
  CHECK(reported.find("unknown: ") == 0);
  CHECK(discovery.ask() >= 1600ms);
  CHECK(discovery.ask() > 30s);
  CHECK(reported == "v1");
}

}  // namespace gatehouse::controller
