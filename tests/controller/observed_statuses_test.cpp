// SPDX-License-Identifier: Apache-2.0
#include "controller/observed_statuses.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "controller/status_kinds.h"
#include "controller/timestamp.h"
#include "controller/watched_kinds.h"

namespace gatehouse::controller {
namespace {

using Names = std::vector<std::string>;

Arrival arrival(const std::string& name, const std::string& version, const std::string& status = "{}") {
  Arrival arrival;
  arrival.name = name;
  arrival.observed = {.uid = "uid of " + name,
                      .resource_version = version,
                      .generation = 7,
                      .api_version = "gateway.networking.k8s.io/v1",
                      .status = status};
  return arrival;
}

Delivery delivery(std::vector<Arrival> arrivals, bool whole = false) {
  return {.kind = "HTTPRoute", .whole = whole, .arrivals = std::move(arrivals), .gone = {}};
}

}  // namespace

TEST_CASE("what was observed comes back as it was") {
  ObservedStatuses observed;
  CHECK(observed.apply(delivery({arrival("a/x", "12", R"({"parents":[]})")})) == Names{"a/x"});
  const auto found = observed.find({"HTTPRoute", "a/x"});
  REQUIRE(found);
  CHECK(found->uid == "uid of a/x");
  CHECK(found->resource_version == "12");
  CHECK(found->generation == 7);
  CHECK(found->api_version == "gateway.networking.k8s.io/v1");
  CHECK(found->status == R"({"parents":[]})");
  CHECK_FALSE(observed.find({"HTTPRoute", "a/y"}));
  CHECK_FALSE(observed.find({"GRPCRoute", "a/x"}));
}

TEST_CASE("only what changed is told, and a whole list drops what is not in it") {
  ObservedStatuses observed;
  observed.apply(delivery({arrival("a/x", "1"), arrival("a/y", "1"), arrival("a/z", "1")}));
  CHECK(observed.apply(delivery({arrival("a/x", "1"), arrival("a/y", "2")}, true)) == Names{"a/y"});
  CHECK_FALSE(observed.find({"HTTPRoute", "a/z"}));
  auto gone = delivery({});
  gone.gone = {"a/x"};
  CHECK(observed.apply(gone).empty());
  CHECK(observed.size() == 1);
}

TEST_CASE("kinds whose status is not ours are not kept") {
  ObservedStatuses observed;
  auto services = delivery({arrival("a/x", "1")});
  services.kind = "Service";
  CHECK(observed.apply(services).empty());
  CHECK(observed.size() == 0);
}

TEST_CASE("an answer replaces what was observed of the same object only") {
  ObservedStatuses observed;
  observed.apply(delivery({arrival("a/x", "1")}));
  observed.replace({"HTTPRoute", "a/x"}, arrival("a/x", "2").observed);
  CHECK(observed.find({"HTTPRoute", "a/x"})->resource_version == "2");
  auto other = arrival("a/x", "3").observed;
  other.uid = "another";
  observed.replace({"HTTPRoute", "a/x"}, other);
  CHECK(observed.find({"HTTPRoute", "a/x"})->resource_version == "2");
  observed.replace({"HTTPRoute", "a/gone"}, other);
  CHECK(observed.size() == 1);
}

TEST_CASE("objects that speak of a controller are found") {
  ObservedStatuses observed;
  observed.apply(delivery({arrival("a/x", "1", R"(["we/are"])"), arrival("a/y", "1", R"(["they/are"])")}));
  CHECK(observed.mentioning("we/are") == std::vector<ObjectKey>{{"HTTPRoute", "a/x"}});
}

TEST_CASE("paths lead to an object of any scope and version") {
  CHECK(object_path({"HTTPRoute", "a/x"}, "gateway.networking.k8s.io/v1beta1") ==
        "/apis/gateway.networking.k8s.io/v1beta1/namespaces/a/httproutes/x");
  CHECK(object_path({"GatewayClass", "x"}, "gateway.networking.k8s.io/v1") ==
        "/apis/gateway.networking.k8s.io/v1/gatewayclasses/x");
}

TEST_CASE("every kind whose status is ours is watched, and the other way round") {
  std::size_t ours = 0;
  for (const auto& kind : watched_kinds()) {
    INFO(kind.kind);
    CHECK(kind.writes_status == has_status_of_ours(kind.kind));
    if (kind.writes_status) ++ours;
  }
  CHECK(ours == kStatusKinds.size());
}

TEST_CASE("times are written as the API server writes them") {
  const WallTime time{std::chrono::microseconds(1'790'000'000'000'042)};
  CHECK(timestamp(time) == "2026-09-21T14:13:20Z");
  CHECK(micro_timestamp(time) == "2026-09-21T14:13:20.000042Z");
}

}  // namespace gatehouse::controller
