// SPDX-License-Identifier: Apache-2.0
// The threads of leader election and of the status writer; their rules are tested without.
#include "controller/leader_election.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "controller/event_recorder.h"
#include "controller/status_writer.h"
#include "tests/support/scripted_api.h"

namespace gatehouse::controller {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

const std::string kPath = "/apis/coordination.k8s.io/v1/namespaces/gatehouse/leases/gatehouse";
const std::string kRoute = "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/r";

/// Time that can be turned by one thread while others read it.
class SharedClock final : public Clock {
 public:
  MonoTime now() const override { return MonoTime(1h) + Duration(passed_.load()); }
  WallTime wall() const override { return WallTime(24h * 365 * 30); }
  void advance(Duration by) { passed_.fetch_add(by.count()); }

 private:
  std::atomic<Duration::rep> passed_{0};
};

/// Something that happens on another thread.
class Signal {
 public:
  void raise(bool value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(value);
    raised_.notify_all();
  }
  /// False when it takes longer than any machine does.
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return raised_.wait_for(lock, 60s, [&] { return values_.size() >= count; });
  }
  std::vector<bool> values() {
    const std::lock_guard lock(mutex_);
    return values_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable raised_;
  std::vector<bool> values_;
};

LeaderElectionOptions options_for(const std::string& identity, Signal& signal) {
  LeaderElectionOptions options;
  options.ns = "gatehouse";
  options.lease = "gatehouse";
  options.identity = identity;
  options.on_change = [&signal](bool leader) { signal.raise(leader); };
  return options;
}

}  // namespace

TEST_CASE("a leader that stops hands over at once") {
  test::ScriptedApi api;
  Signal first_signal;
  Signal second_signal;
  LeaderElection first(options_for("a", first_signal), api.make_client(), system_clock());
  LeaderElection second(options_for("b", second_signal), api.make_client(), system_clock());
  CHECK_FALSE(first.is_leader());
  first.start();
  REQUIRE(first_signal.wait_for(1));
  CHECK(first.is_leader());
  second.start();
  first.stop();
  CHECK_FALSE(first.is_leader());
  CHECK(first_signal.values() == std::vector<bool>{true, false});
  REQUIRE(second_signal.wait_for(1));
  CHECK(second.is_leader());
  CHECK(api.object(kPath)["spec"]["holderIdentity"] == "b");
}

TEST_CASE("a Lease that is refused is told of until it is not") {
  test::ScriptedApi api;
  Signal signal;
  Signal asked;
  LeaderElection election(options_for("a", signal), api.make_client(), system_clock());
  api.set_script([&](const ApiRequest&) {
    asked.raise(true);
    return std::optional(test::refusal(403, "Forbidden"));
  });
  election.start();
  REQUIRE(asked.wait_for(2));  // the second time, the first is told
  CHECK(election.error().find("the Lease gatehouse/gatehouse cannot be read or renewed: ") == 0);
  api.set_script({});
  REQUIRE(signal.wait_for(1));
  REQUIRE(election.is_leader());
  CHECK(election.error().empty());
}

TEST_CASE("a leader is none as soon as its renew deadline has passed, also while a request waits") {
  test::ScriptedApi api;
  SharedClock clock;
  Signal signal;
  Signal asked;
  LeaderElection election(options_for("a", signal), api.make_client(), clock);
  election.start();
  REQUIRE(signal.wait_for(1));
  CHECK(election.is_leader());
  std::atomic<bool> hangs{true};
  api.set_script([&](const ApiRequest&) {
    asked.raise(true);
    while (hangs.load()) std::this_thread::yield();
    return std::optional(test::refusal(0, "timeout"));
  });
  REQUIRE(asked.wait_for(1));
  clock.advance(8s - 1ns);
  CHECK(election.is_leader());
  clock.advance(1ns);
  CHECK_FALSE(election.is_leader());
  hangs.store(false);
  REQUIRE(signal.wait_for(2));
  CHECK(signal.values()[1] == false);
}

TEST_CASE("the writer's thread writes what is desired of what is observed") {
  test::ScriptedApi api;
  api.put(kRoute, R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute",
                      "metadata":{"name":"r","namespace":"default"}})");
  ObservedStatuses observed;
  Signal told;
  EventRecorder events({.instance = "pod"}, api.make_client(), system_clock());
  StatusWriterOptions options;
  options.controller_names = {"gatehouse.dev/controller"};
  options.on_change = [&](const ObjectKey& key, const ObservedObject& object, const ConditionChange& change) {
    events.record(key, object, change);
    told.raise(change.turn == ConditionChange::Turn::good);
  };
  Signal posted;
  api.set_script([&](const ApiRequest& request) -> std::optional<ApiAnswer> {
    if (request.method == "POST") posted.raise(true);
    return std::nullopt;
  });
  StatusWriter writer(options, observed, api.make_client(), system_clock());
  events.start();
  writer.start();

  objects::Statuses statuses;
  objects::RouteStatus route;
  route.parents.push_back({{}, "gatehouse.dev/controller", {{"Accepted", "False", "Reason", "", 1}}});
  statuses.http_routes.set("default/r", std::make_shared<const objects::RouteStatus>(route));
  writer.set_desired(std::make_shared<const objects::Statuses>(statuses));
  Delivery delivery;
  delivery.kind = "HTTPRoute";
  delivery.arrivals = {api.arrival(kRoute)};
  writer.observe(delivery);
  writer.set_leader(true);

  REQUIRE(told.wait_for(1));
  CHECK(told.values() == std::vector<bool>{false});
  CHECK(api.object(kRoute)["status"]["parents"].size() == 1);
  CHECK(writer.counters().kinds[*status_kind("HTTPRoute")].writes == 1);
  CHECK(posted.wait_for(1));
}

}  // namespace gatehouse::controller
