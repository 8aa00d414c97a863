// SPDX-License-Identifier: Apache-2.0
// Rule K8: what of a status is ours, and what stays as others wrote it.
#include "controller/status_merge.h"
#include "tests/support/source_dir.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace gatehouse::controller {
namespace {

using Json = nlohmann::json;
using Outcome = MergedStatus::Outcome;
using objects::Condition;

const std::string kOurs = "gatehouse.dev/controller";
const std::vector<std::string> kNames = {kOurs};
constexpr std::string_view kNow = "2030-01-01T00:00:00Z";
constexpr std::string_view kLongAgo = "2020-01-01T00:00:00Z";

Condition condition(std::string type, std::string status = "True", std::int64_t generation = 3) {
  const auto reason = type;
  return {std::move(type), std::move(status), reason, "", generation};
}

Json seen(const std::string& type, const std::string& status = "True", std::int64_t generation = 3) {
  return {{"type", type},
          {"status", status},
          {"reason", type},
          {"message", ""},
          {"observedGeneration", generation},
          {"lastTransitionTime", kLongAgo}};
}

MergedStatus merge(AnyStatus desired, const Json& observed, std::int64_t generation = 3) {
  const auto text = observed.is_null() ? std::string() : observed.dump();
  return merge_status({.desired = desired,
                       .observed = text,
                       .generation = generation,
                       .controller_names = kNames,
                       .now = kNow});
}

Json merged(AnyStatus desired, const Json& observed, std::int64_t generation = 3) {
  const auto result = merge(desired, observed, generation);
  REQUIRE(result.outcome == Outcome::changed);
  return Json::parse(result.status);
}

objects::RouteStatus route(const std::string& gateway, std::vector<Condition> conditions) {
  objects::RouteStatus status;
  objects::ParentReference reference;
  reference.name = gateway;
  status.parents.push_back({reference, kOurs, std::move(conditions)});
  return status;
}

Json parent(const std::string& gateway, const std::string& controller, Json conditions) {
  return {{"parentRef", {{"group", "gateway.networking.k8s.io"}, {"kind", "Gateway"}, {"name", gateway}}},
          {"controllerName", controller},
          {"conditions", std::move(conditions)}};
}

const Json kForeign = {{"parentRef", {{"name", "theirs"}}},
                       {"controllerName", "else.example/controller"},
                       {"conditions", Json::array({{{"type", "Accepted"}, {"extra", 1.5}}})},
                       {"more", {{"b", 1}, {"a", nullptr}}}};

}  // namespace

TEST_CASE("the status of a route is written with group, kind and the time of the change") {
  const auto desired = route("web", {condition("Accepted")});
  const auto status = merged(&desired, nullptr);
  CHECK(status == Json{{"parents",
                        {parent("web", kOurs,
                                {{{"type", "Accepted"},
                                  {"status", "True"},
                                  {"reason", "Accepted"},
                                  {"message", ""},
                                  {"observedGeneration", 3},
                                  {"lastTransitionTime", kNow}}})}}});
}

TEST_CASE("a status that says the same is not written") {
  const auto desired = route("web", {condition("Accepted"), condition("ResolvedRefs")});
  SECTION("in another order of conditions") {
    const Json observed = {{"parents", {parent("web", kOurs, {seen("ResolvedRefs"), seen("Accepted")})}}};
    CHECK(merge(&desired, observed).outcome == Outcome::unchanged);
  }
  SECTION("with the defaults of the API left out") {
    Json observed = {{"parents", {parent("web", kOurs, {seen("Accepted"), seen("ResolvedRefs")})}}};
    observed["parents"][0]["parentRef"] = {{"name", "web"}};
    const auto status = merged(&desired, observed);
    CHECK(merge(&desired, status).outcome == Outcome::unchanged);
  }
  SECTION("nothing is desired and nothing is there") {
    const objects::RouteStatus empty;
    const objects::PolicyStatus no_ancestors;
    CHECK(merge(&empty, nullptr).outcome == Outcome::unchanged);
    CHECK(merge(&no_ancestors, Json::object()).outcome == Outcome::unchanged);
    CHECK(merge({}, nullptr).outcome == Outcome::unchanged);
  }
}

TEST_CASE("the time of a condition changes with its status only") {
  const Json observed = {{"parents", {parent("web", kOurs, {seen("Accepted", "True", 2)})}}};
  const auto time_of = [](const Json& status) {
    return status["parents"][0]["conditions"][0]["lastTransitionTime"].get<std::string>();
  };
  const auto same = route("web", {condition("Accepted", "True", 3)});
  CHECK(time_of(merged(&same, observed)) == kLongAgo);
  const auto other = route("web", {condition("Accepted", "False", 3)});
  CHECK(time_of(merged(&other, observed)) == kNow);
}

TEST_CASE("parents of other controllers stay as they are, in their place") {
  const Json observed = {
      {"parents", {kForeign, parent("web", kOurs, {seen("Accepted", "True", 2)}), kForeign}}};
  const auto desired = route("web", {condition("Accepted")});
  const auto status = merged(&desired, observed);
  REQUIRE(status["parents"].size() == 3);
  CHECK(status["parents"][0].dump() == kForeign.dump());
  CHECK(status["parents"][2].dump() == kForeign.dump());
  CHECK(status["parents"][1]["conditions"][0]["observedGeneration"] == 3);
}

TEST_CASE("parents of ours that are desired no longer go") {
  const auto desired = route("web", {condition("Accepted")});
  const Json observed = {
      {"parents",
       {parent("old", kOurs, {seen("Accepted")}), kForeign, parent("web", kOurs, {seen("Accepted")})}}};
  const auto status = merged(&desired, observed);
  CHECK(status["parents"] == Json{kForeign, parent("web", kOurs, {seen("Accepted")})});
  SECTION("all of them, from an object that is none of ours") {
    CHECK(merged({}, observed)["parents"] == Json::array({kForeign}));
  }
  SECTION("of another section of the same Gateway") {
    auto sections = desired;
    sections.parents[0].parent_ref.section_name = "http";
    const auto after = merged(&sections, observed);
    REQUIRE(after["parents"].size() == 2);
    CHECK(after["parents"][1]["parentRef"]["sectionName"] == "http");
    CHECK(after["parents"][1]["conditions"][0]["lastTransitionTime"] == kNow);
  }
}

TEST_CASE("where several of us see parts of the cluster, parents of Gateways that are not seen stay") {
  auto desired = route("web", {condition("Accepted")});
  desired.parents.clear();
  objects::Statuses statuses;
  statuses.gateways["shop/web"];
  const auto web = parent("web", kOurs, {seen("Accepted")});
  const auto other = parent("other", kOurs, {seen("Accepted")});
  auto set = parent("web", kOurs, {seen("Accepted")});
  set["parentRef"]["kind"] = "ListenerSet";
  const auto text = Json{{"parents", {web, other, set}}}.dump();
  const auto result = merge_status({.desired = &desired,
                                    .observed = text,
                                    .generation = 3,
                                    .controller_names = kNames,
                                    .now = kNow,
                                    .seen = &statuses,
                                    .ns = "shop"});
  REQUIRE(result.outcome == Outcome::changed);
  CHECK(Json::parse(result.status)["parents"] == Json{other, set});
}

TEST_CASE("ancestors of other controllers stay, and there are 16 at most") {
  objects::PolicyStatus desired;
  for (int i = 0; i < 20; ++i) {
    objects::ParentReference reference;
    reference.name = "g" + std::to_string(i);
    desired.ancestors.push_back({reference, kOurs, {condition("Accepted")}});
  }
  Json foreign = kForeign;
  foreign["ancestorRef"] = foreign["parentRef"];
  foreign.erase("parentRef");
  const auto status = merged(&desired, {{"ancestors", {foreign}}});
  CHECK(status["ancestors"].size() == 16);
  CHECK(status["ancestors"][0].dump() == foreign.dump());
  CHECK(status["ancestors"][15]["ancestorRef"]["name"] == "g14");
  CHECK(merge(&desired, status).outcome == Outcome::unchanged);
}

TEST_CASE("conditions of other types stay byte by byte, at Gateways and at listeners") {
  const Json stale = {{"type", "example.com/Stale"},
                      {"status", "Unknown"},
                      {"reason", "X"},
                      {"message", "é"},
                      {"lastTransitionTime", "1999-01-01T00:00:00Z"}};
  const Json observed = {
      {"conditions", {stale, seen("Accepted", "True", 2)}},
      {"listeners",
       {{{"name", "http"}, {"attachedRoutes", 1}, {"conditions", {seen("Accepted", "True", 2), stale}}},
        {{"name", "gone"}, {"attachedRoutes", 0}, {"conditions", {stale}}}}}};
  objects::GatewayStatus desired;
  desired.conditions = {condition("Accepted"), condition("Programmed")};
  desired.listeners = {{"http", {}, 2, {condition("Accepted")}}, {"new", {}, 0, {condition("Accepted")}}};
  const auto status = merged(&desired, observed);
  REQUIRE(status["conditions"].size() == 3);
  CHECK(status["conditions"][0].dump() == stale.dump());
  CHECK(status["conditions"][1]["observedGeneration"] == 3);
  REQUIRE(status["listeners"].size() == 2);
  CHECK(status["listeners"][0]["conditions"][1].dump() == stale.dump());
  CHECK(status["listeners"][0]["attachedRoutes"] == 2);
  CHECK(status["listeners"][1]["name"] == "new");
  CHECK(status["listeners"][1]["supportedKinds"] == Json::array());
}

TEST_CASE("conditions of ours that hold no longer go, what the CRD filled in is replaced") {
  Json pending = seen("Programmed", "Unknown", 0);
  pending["lastTransitionTime"] = "1970-01-01T00:00:00Z";
  const Json observed = {{"conditions", {pending, seen("InsecureFrontendValidationMode")}}};
  objects::GatewayStatus desired;
  desired.conditions = {condition("Programmed", "Unknown")};
  const auto status = merged(&desired, observed);
  REQUIRE(status["conditions"].size() == 1);
  CHECK(status["conditions"][0]["lastTransitionTime"] == kNow);
}

TEST_CASE("a Gateway's addresses and counts are there when they say something") {
  objects::GatewayStatus desired;
  desired.conditions = {condition("Accepted")};
  desired.addresses = {
      {"IPAddress", "10.0.0.1", ""}, {"Hostname", "a.example", "Cluster"}, {"IPAddress", "", ""}};
  const auto status = merged(&desired, {{"attachedListenerSets", 2}, {"unknown", 1}});
  CHECK(status["addresses"] ==
        Json{{{"type", "IPAddress"}, {"value", "10.0.0.1"}},
             {{"type", "Hostname"}, {"value", "a.example"}, {"routability", "Cluster"}}});
  CHECK_FALSE(status.contains("attachedListenerSets"));
  CHECK(status["unknown"] == 1);
  desired.addresses.clear();
  desired.attached_listener_sets = 2;
  const auto later = merged(&desired, status);
  CHECK(later["addresses"] == Json::array());
  CHECK(later["attachedListenerSets"] == 2);
}

TEST_CASE("a GatewayClass names its features") {
  objects::GatewayClassStatus desired;
  desired.conditions = {condition("Accepted")};
  desired.supported_features = {"A", "B"};
  CHECK(merged(&desired, nullptr)["supportedFeatures"] == Json{{{"name", "A"}}, {{"name", "B"}}});
}

TEST_CASE("a status of another generation is not written") {
  const auto desired = route("web", {condition("Accepted", "True", 3)});
  SECTION("what is there is newer") {
    const Json observed = {{"parents", {parent("web", kOurs, {seen("Accepted", "False", 4)})}}};
    CHECK(merge(&desired, observed, 4).outcome == Outcome::outdated);
  }
  SECTION("what is there comes from a backup") {
    const Json observed = {{"parents", {parent("web", kOurs, {seen("Accepted", "False", 9)})}}};
    CHECK(merge(&desired, observed, 3).outcome == Outcome::changed);
  }
  SECTION("the object is a new one of the same name") {
    CHECK(merge(&desired, nullptr, 1).outcome == Outcome::outdated);
  }
  SECTION("the object has become newer since") {
    const Json observed = {{"parents", {parent("web", kOurs, {seen("Accepted", "False", 2)})}}};
    CHECK(merge(&desired, observed, 4).outcome == Outcome::changed);
  }
}

TEST_CASE("no more than 8 conditions are sent, and those that matter are among them") {
  objects::GatewayStatus desired;
  desired.conditions = {condition("Accepted"), condition("DefaultGateway"), condition("ResolvedRefs"),
                        condition("Programmed")};
  Json observed = {{"conditions", Json::array()}};
  for (int i = 0; i < 5; ++i) observed["conditions"].push_back(seen("example.com/T" + std::to_string(i)));
  const auto status = merged(&desired, observed);
  CHECK(status["conditions"].size() == 8);
  CHECK(status.dump().find("DefaultGateway") == std::string::npos);
  CHECK(status["conditions"][7]["type"] == "Programmed");
  CHECK(merge(&desired, status).outcome == Outcome::unchanged);
}

TEST_CASE("messages are cut between characters and need not be UTF-8") {
  auto desired = route("web", {condition("Accepted")});
  auto& message = desired.parents[0].conditions[0].message;
  message = std::string(32767, 'x') + "éé";
  auto status = merged(&desired, nullptr);
  CHECK(status["parents"][0]["conditions"][0]["message"] == std::string(32767, 'x'));
  message = "bad \xff byte";
  status = merged(&desired, nullptr);
  CHECK(merge(&desired, status).outcome == Outcome::unchanged);
}

TEST_CASE("what is no status of the API is replaced or kept, and nothing throws") {
  const auto desired = route("web", {condition("Accepted")});
  for (const char* text : {"null", "[]", "{", R"({"parents":null})", R"({"parents":{}})"})
    CHECK(merge_status({&desired, text, 3, kNames, kNow}).outcome == Outcome::changed);
  const auto odd = R"({"parents":[1,{"controllerName":"gatehouse.dev/controller","parentRef":7}]})";
  const auto result = merge_status({&desired, odd, 3, kNames, kNow});
  CHECK(Json::parse(result.status)["parents"].size() == 2);
}

TEST_CASE("a condition that turns bad, and good again, is a change that is told") {
  const auto bad = route("web", {condition("Accepted", "False"), condition("PartiallyInvalid", "False")});
  const auto first = merge(&bad, nullptr);
  REQUIRE(first.changes.size() == 1);
  CHECK(first.changes[0].turn == ConditionChange::Turn::bad);
  CHECK(first.changes[0].where == "parent web");
  CHECK(first.changes[0].type == "Accepted");

  const auto good = route("web", {condition("Accepted", "True")});
  const auto second = merge(&good, Json::parse(first.status));
  REQUIRE(second.changes.size() == 1);
  CHECK(second.changes[0].turn == ConditionChange::Turn::good);

  CHECK(merge(&good, nullptr).changes.empty());
}

TEST_CASE("every condition in the documents is one of ours") {
  std::ifstream file(std::string(gatehouse::test::kSourceDir) + "/docs/reference/status.md");
  std::vector<std::string> types;
  for (std::string line; std::getline(file, line);) {
    const auto end = line.find("` |");
    if (line.rfind("| `", 0) == 0 && end != std::string::npos) types.push_back(line.substr(3, end - 3));
  }
  REQUIRE(types.size() > 20);
  for (const auto& type : types) {
    INFO(type);
    objects::GatewayStatus desired;
    desired.conditions = {condition("Accepted")};
    if (type == "Accepted") continue;
    const auto status = merged(&desired, {{"conditions", {seen(type), seen("Accepted", "False")}}});
    CHECK(status["conditions"].size() == 1);
  }
}

}  // namespace gatehouse::controller
