// SPDX-License-Identifier: Apache-2.0
#include "controller/event_desk.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/base/fake_clock.h"
#include "tests/support/scripted_api.h"

namespace gatehouse::controller {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using Outcome = EventDesk::Outcome;
using Turn = ConditionChange::Turn;

EventNote note(std::string message = "no such Service", std::string name = "shop/cart") {
  return {.key = {"HTTPRoute", std::move(name)},
          .uid = "uid-1",
          .api_version = "gateway.networking.k8s.io/v1",
          .change = {Turn::bad, "parent web", "ResolvedRefs", "BackendNotFound", std::move(message)}};
}

struct Bench {
  Json last() const {
    const auto requests = api.requests();
    return requests.empty() ? Json() : Json::parse(requests.back().body);
  }

  FakeClock clock;
  test::ScriptedApi api;
  const EventRecorderOptions options{.component = "gatehouse", .instance = "pod-1"};
  std::unique_ptr<ApiClient> client = api.make_client();
  EventDesk desk{options, *client, clock};
};

}  // namespace

TEST_CASE("an Event names object, reason and what to know") {
  Bench bench;
  CHECK(bench.desk.write(note()) == Outcome::written);
  CHECK(bench.api.count("POST", "/api/v1/namespaces/shop/events") == 1);
  auto event = bench.last();
  CHECK(event["metadata"]["name"].get<std::string>().rfind("cart.", 0) == 0);
  event["metadata"].erase("name");
  CHECK(event == Json{{"apiVersion", "v1"},
                      {"kind", "Event"},
                      {"metadata", {{"namespace", "shop"}}},
                      {"involvedObject",
                       {{"apiVersion", "gateway.networking.k8s.io/v1"},
                        {"kind", "HTTPRoute"},
                        {"namespace", "shop"},
                        {"name", "cart"},
                        {"uid", "uid-1"}}},
                      {"type", "Warning"},
                      {"reason", "BackendNotFound"},
                      {"message", "parent web: no such Service"},
                      {"source", {{"component", "gatehouse"}}},
                      {"reportingComponent", "gatehouse"},
                      {"reportingInstance", "pod-1"},
                      {"firstTimestamp", "1999-12-25T00:00:00Z"},
                      {"lastTimestamp", "1999-12-25T00:00:00Z"},
                      {"count", 1}});
}

TEST_CASE("a turn for the better is a normal Event; objects without a namespace have theirs in default") {
  Bench bench;
  auto good = note();
  good.change.turn = Turn::good;
  good.key = {"GatewayClass", "gatehouse"};
  bench.desk.write(good);
  CHECK(bench.last()["type"] == "Normal");
  CHECK(bench.last()["metadata"]["namespace"] == "default");
  CHECK_FALSE(bench.last()["involvedObject"].contains("namespace"));
}

TEST_CASE("an Event without a message says which condition it is") {
  Bench bench;
  auto good = note("");
  good.change.turn = Turn::good;
  good.change.where = "";
  bench.desk.write(good);
  CHECK(bench.last()["message"] == "ResolvedRefs is True");
}

TEST_CASE("the same again within ten minutes is one more count of the same Event") {
  Bench bench;
  bench.desk.write(note());
  bench.clock.advance(9min);
  CHECK(bench.desk.write(note()) == Outcome::written);
  CHECK(bench.api.count("POST", "events") == 1);
  CHECK(bench.last() == Json{{"count", 2}, {"lastTimestamp", "1999-12-25T00:00:00Z"}});
  bench.desk.write(note("another Service"));
  CHECK(bench.api.count("POST", "events") == 2);
  bench.clock.advance(10min);
  bench.desk.write(note());
  CHECK(bench.api.count("POST", "events") == 3);
}

TEST_CASE("an Event that has run out is written anew") {
  Bench bench;
  bench.desk.write(note());
  const auto path = bench.api.requests()[0].path + "/" + bench.last()["metadata"]["name"].get<std::string>();
  REQUIRE_FALSE(bench.api.object(path).is_null());
  bench.api.remove(path);
  CHECK(bench.desk.write(note()) == Outcome::written);
  CHECK(bench.api.count("PATCH", "events") == 1);
  CHECK(bench.api.count("POST", "events") == 2);
}

TEST_CASE("an object has 25 Events at once and one every five minutes after that") {
  Bench bench;
  int written = 0;
  for (int i = 0; i < 100; ++i)
    if (bench.desk.write(note(std::to_string(i))) == Outcome::written) ++written;
  CHECK(written == 25);
  bench.clock.advance(5min);
  CHECK(bench.desk.write(note("later")) == Outcome::written);
  CHECK(bench.desk.write(note("later still")) == Outcome::dropped);
  auto other = note();
  other.uid = "uid-2";
  CHECK(bench.desk.write(other) == Outcome::written);
}

TEST_CASE("names of Events are unique and names") {
  Bench bench;
  const auto long_name = "shop/" + std::string(199, 'a') + "." + std::string(53, 'b');
  std::set<std::string> names;
  for (int i = 0; i < 3; ++i) {
    bench.desk.write(note(std::to_string(i), long_name));
    const auto name = bench.last()["metadata"]["name"].get<std::string>();
    names.insert(name);
    CHECK(name.size() <= 253);
    CHECK(name.find("..") == std::string::npos);
  }
  CHECK(names.size() == 3);
}

TEST_CASE("who may not write Events goes on without") {
  Bench bench;
  bench.api.set_script([](const ApiRequest&) { return std::optional(test::refusal(403, "Forbidden")); });
  CHECK(bench.desk.write(note()) == Outcome::dropped);
  bench.api.set_script({});
  CHECK(bench.desk.write(note()) == Outcome::written);
}

TEST_CASE("long messages are cut, what is no UTF-8 is replaced") {
  Bench bench;
  bench.desk.write(note(std::string(5000, 'x')));
  CHECK(bench.last()["message"].get<std::string>().size() == 1024);
  CHECK(bench.desk.write(note("\xff")) == Outcome::written);
}

}  // namespace gatehouse::controller
