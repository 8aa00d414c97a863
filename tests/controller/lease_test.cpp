// SPDX-License-Identifier: Apache-2.0
// Rule K9, without threads: two replicas and one Lease.
#include "controller/lease.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/base/fake_clock.h"
#include "tests/support/scripted_api.h"

namespace gatehouse::controller {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using Answer = Lease::Answer;

const std::string kPath = "/apis/coordination.k8s.io/v1/namespaces/gatehouse/leases/gatehouse";

/// One of them; each has a clock of its own.
struct Replica {
  Replica(test::ScriptedApi& api, const std::string& name)
      : options{.ns = "gatehouse", .name = "gatehouse", .identity = name, .duration = 12s},
        client(api.make_client()) {}

  const LeaseOptions options;
  FakeClock clock;
  std::unique_ptr<ApiClient> client;
  Lease lease{options, *client, clock};
};

Json spec(const test::ScriptedApi& api) {
  return api.object(kPath)["spec"];
}

}  // namespace

TEST_CASE("a Lease that is not there is created") {
  test::ScriptedApi api;
  Replica a(api, "a");
  CHECK(a.lease.acquire_or_renew() == Answer::held);
  CHECK(spec(api) == Json{{"holderIdentity", "a"},
                          {"leaseDurationSeconds", 12},
                          {"acquireTime", "1999-12-25T00:00:00.000000Z"},
                          {"renewTime", "1999-12-25T00:00:00.000000Z"},
                          {"leaseTransitions", 0}});
}

TEST_CASE("a renewal is one request and says when") {
  test::ScriptedApi api;
  Replica a(api, "a");
  a.lease.acquire_or_renew();
  const auto before = api.requests().size();
  a.clock.jump_wall(2s);
  CHECK(a.lease.acquire_or_renew() == Answer::held);
  CHECK(api.requests().size() == before + 1);
  CHECK(spec(api)["renewTime"] == "1999-12-25T00:00:02.000000Z");
  CHECK(spec(api)["acquireTime"] == "1999-12-25T00:00:00.000000Z");
}

TEST_CASE("another takes it when it has not changed for as long as it says, by its own clock") {
  test::ScriptedApi api;
  Replica a(api, "a");
  Replica b(api, "b");
  b.clock.jump_wall(std::chrono::hours(24 * 365));  // what the other's clock says does not matter
  a.lease.acquire_or_renew();
  CHECK(b.lease.acquire_or_renew() == Answer::taken);
  CHECK(b.lease.holder() == "a");
  b.clock.advance(11s);
  a.clock.jump_wall(1s);
  a.lease.acquire_or_renew();
  CHECK(b.lease.acquire_or_renew() == Answer::taken);
  CHECK(b.lease.expires() == b.clock.now() + 12s);
  b.clock.advance(12s - 1ns);
  CHECK(b.lease.acquire_or_renew() == Answer::taken);
  b.clock.advance(1ns);
  CHECK(b.lease.acquire_or_renew() == Answer::held);
  CHECK(spec(api)["holderIdentity"] == "b");
  CHECK(spec(api)["leaseTransitions"] == 1);
  SECTION("and the first notices") {
    CHECK(a.lease.acquire_or_renew() == Answer::taken);
  }
}

TEST_CASE("a Lease that is given back is taken at once") {
  test::ScriptedApi api;
  Replica a(api, "a");
  Replica b(api, "b");
  a.lease.acquire_or_renew();
  b.lease.acquire_or_renew();
  b.lease.release();
  CHECK(spec(api)["holderIdentity"] == "a");
  a.lease.release();
  CHECK(spec(api)["holderIdentity"] == "");
  CHECK(spec(api)["leaseDurationSeconds"] == 1);
  CHECK(b.lease.acquire_or_renew() == Answer::held);
  CHECK(spec(api)["leaseTransitions"] == 1);
}

TEST_CASE("of two that try at the same time one succeeds") {
  test::ScriptedApi api;
  Replica a(api, "a");
  Replica b(api, "b");
  const auto method = GENERATE(std::string("POST"), std::string("PUT"));
  if (method == "PUT") {
    b.lease.acquire_or_renew();
    b.lease.release();
  }
  bool inside = false;
  api.set_script([&](const ApiRequest& request) -> std::optional<ApiAnswer> {
    if (request.method == method && !inside) {
      inside = true;
      CHECK(b.lease.acquire_or_renew() == Answer::held);
    }
    return std::nullopt;
  });
  CHECK(a.lease.acquire_or_renew() == Answer::taken);
  CHECK(inside);
  CHECK(spec(api)["holderIdentity"] == "b");
}

TEST_CASE("a renewal whose answer was lost is renewed again") {
  test::ScriptedApi api;
  Replica a(api, "a");
  a.lease.acquire_or_renew();
  api.edit(kPath, [](Json& lease) { lease["spec"]["renewTime"] = "lost"; });
  CHECK(a.lease.acquire_or_renew() == Answer::held);
}

TEST_CASE("a Lease that was deleted is created again") {
  test::ScriptedApi api;
  Replica a(api, "a");
  a.lease.acquire_or_renew();
  api.remove(kPath);
  CHECK(a.lease.acquire_or_renew() == Answer::held);
  CHECK(spec(api)["holderIdentity"] == "a");
}

TEST_CASE("without an answer nothing is known") {
  test::ScriptedApi api;
  Replica a(api, "a");
  api.set_script([](const ApiRequest&) { return std::optional(test::refusal(500, "InternalError")); });
  CHECK(a.lease.acquire_or_renew() == Answer::no_answer);
  CHECK(a.lease.error() == "500 InternalError");
  api.set_script({});
  CHECK(a.lease.acquire_or_renew() == Answer::held);
}

TEST_CASE("a Lease that others filled with nonsense is taken over, never thrown about") {
  test::ScriptedApi api;
  const std::string text = GENERATE(
      R"({"metadata":{"name":"gatehouse"}})",
      R"({"metadata":{"name":"gatehouse"},"spec":{"holderIdentity":7}})",
      R"({"metadata":{"name":"gatehouse"},"spec":{"holderIdentity":"x","leaseDurationSeconds":-5}})");
  api.put(kPath, text);
  Replica a(api, "a");
  CHECK(a.lease.acquire_or_renew() == Answer::held);
}

TEST_CASE("what others keep in a Lease stays there") {
  test::ScriptedApi api;
  api.put(
      kPath,
      R"({"metadata":{"name":"gatehouse","labels":{"a":"b"}},"spec":{"strategy":"OldestEmulationVersion"}})");
  Replica a(api, "a");
  CHECK(a.lease.acquire_or_renew() == Answer::held);
  CHECK(spec(api)["strategy"] == "OldestEmulationVersion");
  CHECK(api.object(kPath)["metadata"]["labels"]["a"] == "b");
}

}  // namespace gatehouse::controller
