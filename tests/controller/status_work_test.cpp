// SPDX-License-Identifier: Apache-2.0
// Rule K8: what is written when, against an API server in memory.
#include "controller/status_work.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/base/fake_clock.h"
#include "tests/support/scripted_api.h"

namespace gatehouse::controller {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using test::refusal;

const std::string kOurs = "gatehouse.dev/controller";
const std::string kApi = "/apis/gateway.networking.k8s.io/v1";

std::string path_of(const ObjectKey& key) {
  return object_path(key, "gateway.networking.k8s.io/v1");
}

objects::RouteStatus route_status(std::string status = "True", std::int64_t generation = 1) {
  objects::ParentReference reference;
  reference.name = "web";
  objects::RouteStatus route;
  route.parents.push_back({reference, kOurs, {{"Accepted", std::move(status), "Reason", "why", generation}}});
  return route;
}

objects::GatewayStatus gateway_status(std::int32_t attached_routes, std::string status = "True") {
  objects::GatewayStatus gateway;
  gateway.conditions = {{"Accepted", std::move(status), "Reason", "", 1}};
  gateway.listeners = {{"http", {}, attached_routes, {{"Accepted", "True", "Accepted", "", 1}}}};
  return gateway;
}

/// A status writer without its thread, and what is around it.
class Bench {
 public:
  explicit Bench(StatusWriterOptions given = {.controller_names = {kOurs}, .may_write = {}, .on_change = {}})
      : options(std::move(given)) {}

  /// The object exists and the informer has said so.
  void add(const ObjectKey& key) {
    const auto [ns, name] = split_name(key.name);
    Json object = {{"apiVersion", "gateway.networking.k8s.io/v1"}, {"kind", key.kind}};
    object["metadata"]["name"] = name;
    if (!ns.empty()) object["metadata"]["namespace"] = ns;
    api.put(path_of(key), object.dump());
    see(key);
  }

  void see(const ObjectKey& key) {
    Delivery delivery;
    delivery.kind = key.kind;
    delivery.arrivals = {api.arrival(path_of(key))};
    std::vector<ObjectKey> changed;
    for (const auto& name : observed.apply(delivery)) changed.push_back({key.kind, name});
    work.look_at(changed);
  }

  /// All of them, with `status`.
  void desire_routes(int count, const objects::RouteStatus& status) {
    auto next = desired;
    for (int i = 0; i < count; ++i)
      next.http_routes.set("default/r" + std::to_string(i), std::make_shared<objects::RouteStatus>(status));
    desire(next);
  }
  void desire(const objects::Statuses& next) {
    desired = next;
    work.set_desired(std::make_shared<const objects::Statuses>(next));
  }

  /// Until there is nothing to do at this moment. Returns how long not.
  Duration settle() {
    auto pause = work.step();
    while (pause == 0ns) pause = work.step();
    return pause;
  }

  /// For `time`, with everything that comes due in it.
  void pass(Duration time) {
    const auto end = clock.now() + time;
    for (auto pause = settle(); clock.now() + pause <= end; pause = settle()) clock.advance(pause);
    clock.advance(end - clock.now());
  }

  std::size_t writes(const std::string& part = "/status") const { return api.count("PUT", part); }
  Json status(const ObjectKey& key) const {
    const auto object = api.object(path_of(key));
    return object.contains("status") ? object["status"] : Json();
  }

  FakeClock clock;
  test::ScriptedApi api;
  ObservedStatuses observed;
  StatusWriterCounters counters;
  const StatusWriterOptions options;
  objects::Statuses desired;
  std::unique_ptr<ApiClient> client = api.make_client();
  StatusWork work{options, observed, *client, clock, counters};
};

const ObjectKey kRoute = {"HTTPRoute", "default/r0"};
const ObjectKey kGateway = {"Gateway", "default/web"};
const ObjectKey kClass = {"GatewayClass", "gatehouse"};

std::uint64_t conflicts_of(const Bench& bench, std::string_view kind) {
  return bench.counters.kinds[*status_kind(kind)].conflicts.load();
}

}  // namespace

TEST_CASE("a status is written to /status, with uid and resource version") {
  Bench bench;
  bench.work.set_leader(true);
  bench.add(kRoute);
  bench.desire_routes(1, route_status());
  bench.settle();
  const auto requests = bench.api.requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].method == "PUT");
  CHECK(requests[0].path == kApi + "/namespaces/default/httproutes/r0/status");
  const auto body = Json::parse(requests[0].body);
  CHECK(body["apiVersion"] == "gateway.networking.k8s.io/v1");
  CHECK(body["kind"] == "HTTPRoute");
  CHECK(body["metadata"] ==
        Json{{"name", "r0"}, {"namespace", "default"}, {"uid", "uid-1"}, {"resourceVersion", "101"}});
  CHECK(bench.status(kRoute)["parents"][0]["controllerName"] == kOurs);
  CHECK(bench.counters.kinds[*status_kind("HTTPRoute")].writes == 1);
}

TEST_CASE("neither our own write nor a list of everything makes another write") {
  Bench bench;
  bench.work.set_leader(true);
  bench.add(kRoute);
  bench.desire_routes(1, route_status());
  bench.settle();
  bench.see(kRoute);
  bench.desire_routes(1, route_status());
  bench.pass(10s);
  CHECK(bench.writes() == 1);
}

TEST_CASE("only the leader writes, and it compares everything when it becomes it") {
  Bench bench;
  bench.add(kRoute);
  bench.desire_routes(1, route_status());
  bench.pass(1min);
  CHECK(bench.api.requests().empty());
  bench.work.set_leader(true);
  bench.settle();
  CHECK(bench.writes() == 1);
  bench.work.set_leader(false);
  bench.desire_routes(1, route_status("False"));
  bench.pass(1min);
  CHECK(bench.writes() == 1);
  bench.work.set_leader(true);
  bench.settle();
  CHECK(bench.writes() == 2);
}

TEST_CASE("who may not write at this moment writes later") {
  bool may = false;
  Bench bench({.controller_names = {kOurs}, .may_write = [&] { return may; }, .on_change = {}});
  bench.work.set_leader(true);
  bench.add(kRoute);
  bench.desire_routes(1, route_status());
  bench.pass(1s);
  CHECK(bench.api.requests().empty());
  may = true;
  bench.pass(30s);
  CHECK(bench.writes() == 1);
}

TEST_CASE("an object that is seen after its status was decided gets it then") {
  Bench bench;
  bench.work.set_leader(true);
  bench.desire_routes(1, route_status());
  bench.settle();
  CHECK(bench.api.requests().empty());
  bench.add(kRoute);
  bench.settle();
  CHECK(bench.writes() == 1);
}

TEST_CASE("what somebody else changed of ours is written again, what is theirs stays") {
  Bench bench;
  bench.work.set_leader(true);
  bench.add(kRoute);
  bench.desire_routes(1, route_status());
  bench.settle();
  const Json foreign = {
      {"parentRef", {{"name", "x"}}}, {"controllerName", "a.b/c"}, {"conditions", {{{"x", 1}}}}};
  bench.api.edit(path_of(kRoute),
                 [&](Json& object) { object["status"]["parents"] = Json::array({foreign}); });
  bench.see(kRoute);
  bench.settle();
  const auto status = bench.status(kRoute);
  REQUIRE(status["parents"].size() == 2);
  CHECK(status["parents"][0] == foreign);
  CHECK(status["parents"][1]["controllerName"] == kOurs);
}

TEST_CASE("at a conflict the object is read anew and merged again") {
  Bench bench;
  bench.work.set_leader(true);
  bench.add(kRoute);
  const Json foreign = {
      {"parentRef", {{"name", "x"}}}, {"controllerName", "a.b/c"}, {"conditions", {{{"x", 1}}}}};
  bench.api.edit(path_of(kRoute),
                 [&](Json& object) { object["status"]["parents"] = Json::array({foreign}); });
  bench.desire_routes(1, route_status());
  bench.settle();
  CHECK(bench.writes() == 2);
  CHECK(bench.api.count("GET", "r0") == 1);
  CHECK(bench.status(kRoute)["parents"][0] == foreign);
  CHECK(bench.status(kRoute)["parents"].size() == 2);
  CHECK(conflicts_of(bench, "HTTPRoute") == 1);
}

TEST_CASE("conflicts without end are left and come back") {
  Bench bench;
  bench.work.set_leader(true);
  bench.add(kRoute);
  bench.api.set_script([](const ApiRequest& request) {
    return request.method == "PUT" ? std::optional(refusal(409, "Conflict")) : std::nullopt;
  });
  bench.desire_routes(1, route_status());
  CHECK(bench.settle() > 0ns);
  CHECK(bench.writes() == 5);
  bench.api.set_script({});
  bench.pass(1s);
  CHECK(bench.writes() == 6);
  CHECK(bench.status(kRoute)["parents"].size() == 1);
}

TEST_CASE("an object that was replaced by another of its name keeps the other's status") {
  Bench bench;
  bench.work.set_leader(true);
  bench.add(kRoute);
  bench.api.remove(path_of(kRoute));
  bench.api.put(path_of(kRoute), R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute",
                                     "metadata":{"name":"r0","namespace":"default"}})");
  bench.desire_routes(1, route_status());
  bench.pass(1s);
  CHECK(bench.writes() == 1);
  CHECK(bench.status(kRoute).is_null());
  bench.see(kRoute);
  bench.settle();
  CHECK(bench.status(kRoute)["parents"].size() == 1);
}

TEST_CASE("an object that is gone is left alone") {
  Bench bench;
  bench.work.set_leader(true);
  bench.add(kRoute);
  bench.api.remove(path_of(kRoute));
  bench.desire_routes(1, route_status());
  bench.pass(1min);
  CHECK(bench.writes() == 1);
  CHECK(bench.counters.kinds[*status_kind("HTTPRoute")].errors == 0);
}

TEST_CASE("Retry-After holds back all writes") {
  Bench bench;
  bench.work.set_leader(true);
  bench.add(kRoute);
  bench.add({"HTTPRoute", "default/r1"});
  bench.api.set_script([](const ApiRequest&) {
    auto answer = refusal(429, "TooManyRequests");
    answer.retry_after = 3s;
    return std::optional(answer);
  });
  bench.desire_routes(2, route_status());
  CHECK(bench.settle() == 3s);
  CHECK(bench.writes() == 1);
  bench.api.set_script({});
  bench.pass(3s);
  bench.settle();
  CHECK(bench.writes() == 3);
}

TEST_CASE("a server that is away is asked ever more seldom, and everything is written when it is back") {
  Bench bench;
  bench.work.set_leader(true);
  for (int i = 0; i < 50; ++i) bench.add({"HTTPRoute", "default/r" + std::to_string(i)});
  bench.api.set_script([](const ApiRequest&) { return std::optional(refusal(0, "")); });
  bench.desire_routes(50, route_status());
  bench.pass(5min);
  CHECK(bench.writes() < 30);
  bench.api.set_script({});
  bench.pass(1min);
  CHECK(bench.counters.kinds[*status_kind("HTTPRoute")].writes == 50);
  CHECK(bench.counters.waiting == 0);
}

TEST_CASE("one object that is refused holds up no other") {
  Bench bench;
  bench.work.set_leader(true);
  for (int i = 0; i < 3; ++i) bench.add({"HTTPRoute", "default/r" + std::to_string(i)});
  bench.api.set_script([](const ApiRequest& request) {
    return request.path.find("r1/") == std::string::npos ? std::nullopt
                                                         : std::optional(refusal(422, "Invalid"));
  });
  bench.desire_routes(3, route_status());
  bench.settle();
  CHECK(bench.status({"HTTPRoute", "default/r2"})["parents"].size() == 1);
  bench.pass(10min);
  CHECK(bench.writes("r1/") < 40);
  CHECK(bench.writes("r1/") > 10);
  CHECK(bench.writes("r2/") == 1);
}

TEST_CASE("100 writes a second after a burst of 200, GatewayClasses and Gateways first") {
  Bench bench;
  bench.work.set_leader(true);
  for (int i = 0; i < 400; ++i) bench.add({"HTTPRoute", "default/r" + std::to_string(i)});
  bench.desire_routes(400, route_status());
  bench.settle();
  CHECK(bench.writes() == 200);
  bench.pass(1s);
  CHECK(bench.writes() >= 299);
  CHECK(bench.writes() <= 301);
  bench.add(kGateway);
  bench.add(kClass);
  auto next = bench.desired;
  next.gateways["default/web"] = gateway_status(400);
  next.gateway_classes["gatehouse"].conditions = {{"Accepted", "True", "Accepted", "", 1}};
  bench.desire(next);
  bench.pass(50ms);
  CHECK(bench.writes("gatewayclasses/gatehouse/status") == 1);
  CHECK(bench.writes("gateways/web/status") == 1);
  bench.pass(10s);
  CHECK(bench.writes() == 402);
}

TEST_CASE("attaching 1,000 routes costs at most 20 writes of the Gateway, the last within a second") {
  Bench bench;
  bench.work.set_leader(true);
  bench.add(kGateway);
  auto next = bench.desired;
  for (int i = 0; i <= 1000; ++i) {
    next.gateways["default/web"] = gateway_status(i);
    bench.desire(next);
    bench.pass(10ms);
    if (bench.status(kGateway) != Json()) bench.see(kGateway);
  }
  bench.pass(500ms);
  CHECK(bench.status(kGateway)["listeners"][0]["attachedRoutes"] == 1000);
  CHECK(bench.writes() <= 20);
  CHECK(bench.writes() >= 5);
  bench.pass(10s);
  CHECK(bench.writes() <= 20);
}

TEST_CASE("a condition of a Gateway does not wait while routes are attached") {
  Bench bench;
  bench.work.set_leader(true);
  bench.add(kGateway);
  auto next = bench.desired;
  for (int i = 0; i < 200; ++i) {
    next.gateways["default/web"] = gateway_status(i);
    bench.desire(next);
    bench.pass(10ms);
  }
  next.gateways["default/web"] = gateway_status(201, "False");
  bench.desire(next);
  bench.settle();
  CHECK(bench.status(kGateway)["conditions"][0]["status"] == "False");
}

TEST_CASE("entries of ours go from a route that is none of ours any more") {
  const auto run = [](StatusWriterOptions::Leftovers leftovers) {
    Bench bench({.controller_names = {kOurs}, .leftovers = leftovers, .may_write = {}, .on_change = {}});
    bench.work.set_leader(true);
    bench.add(kRoute);
    bench.add(kGateway);
    auto next = bench.desired;
    next.gateways["default/web"] = gateway_status(1);
    next.http_routes.set("default/r0", std::make_shared<objects::RouteStatus>(route_status()));
    bench.desire(next);
    bench.settle();
    const auto gateway = bench.status(kGateway);
    bench.desire({});
    bench.settle();
    CHECK(bench.status(kGateway) == gateway);
    return bench.status(kRoute)["parents"].size();
  };
  CHECK(run(StatusWriterOptions::Leftovers::remove) == 0);
  CHECK(run(StatusWriterOptions::Leftovers::keep) == 1);
}

TEST_CASE("a new leader clears what the one before left, once it knows what is desired") {
  Bench bench;
  bench.add(kRoute);
  bench.api.edit(path_of(kRoute), [](Json& object) {
    object["status"]["parents"] = {
        {{"parentRef", {{"name", "x"}}}, {"controllerName", kOurs}, {"conditions", {1}}}};
  });
  bench.see(kRoute);
  bench.work.set_leader(true);
  bench.pass(1s);
  CHECK(bench.api.requests().empty());
  bench.desire({});
  bench.settle();
  CHECK(bench.status(kRoute)["parents"] == Json::array());
}

TEST_CASE("objects of others cost no request") {
  Bench bench;
  bench.work.set_leader(true);
  bench.desire({});
  bench.add(kRoute);
  bench.api.edit(path_of(kRoute), [](Json& object) {
    object["status"]["parents"] = {{{"parentRef", {{"name", "x"}}}, {"controllerName", "a.b/c"}}};
  });
  bench.see(kRoute);
  bench.pass(1min);
  CHECK(bench.api.requests().empty());
}

TEST_CASE("a field that an older CRD does not have is no reason to write again and again") {
  Bench bench;
  bench.work.set_leader(true);
  bench.add(kGateway);
  auto next = bench.desired;
  next.gateways["default/web"] = gateway_status(1);
  next.gateways["default/web"].attached_listener_sets = 1;
  const auto path = path_of(kGateway);
  bench.api.set_script([&](const ApiRequest& request) -> std::optional<ApiAnswer> {
    if (request.method != "PUT") return std::nullopt;
    bench.api.edit(path, [&](Json& object) {
      object["status"] = Json::parse(request.body)["status"];
      object["status"].erase("attachedListenerSets");
    });
    return ApiAnswer{.status = 200, .body = bench.api.object(path).dump(), .error = {}, .reason = {}};
  });
  bench.desire(next);
  bench.settle();
  bench.work.look_at({kGateway});
  bench.see(kGateway);
  bench.pass(1s);
  CHECK(bench.writes() == 1);
  next.gateways["default/web"].attached_listener_sets = 2;
  bench.desire(next);
  bench.pass(1s);
  CHECK(bench.writes() == 2);
}

TEST_CASE("changes that a user must know are told once they are written") {
  std::vector<std::string> told;
  const auto tell = [&](const ObjectKey& key, const ObservedObject& object, const ConditionChange& change) {
    told.push_back(key.name + " " + object.uid + " " + change.type + " " + change.message);
  };
  Bench bench({.controller_names = {kOurs}, .may_write = {}, .on_change = tell});
  bench.work.set_leader(true);
  bench.add(kRoute);
  bench.desire_routes(1, route_status("False"));
  bench.settle();
  bench.see(kRoute);
  bench.settle();
  CHECK(told == std::vector<std::string>{"default/r0 uid-1 Accepted why"});
}

}  // namespace gatehouse::controller
