// SPDX-License-Identifier: Apache-2.0
// What is asked of an API server to bring objects of Gateways to what they should be.
#include "controller/infrastructure_writer.h"

#include <catch2/catch.hpp>

#include "controller/provisioner.h"
#include "tests/controller/applying_api.h"
#include "tests/controller/gateway_plan.h"

namespace gatehouse::controller {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::minutes;
using test::ApplyingApi;
using test::plan_gateway;
using test::plan_input;
using test::plan_options;
using translate::AddressMode;

constexpr const char* kAccount = "/api/v1/namespaces/shop/serviceaccounts/web-gatehouse";

struct Rig {
  explicit Rig(InfrastructureOptions wanted = plan_options()) : options(std::move(wanted)) {}

  ApplyingApi api;
  test::ApplyingClient client{api};
  InfrastructureOptions options;
  InfrastructureWriter writer{client, options};
  MonoTime now{std::chrono::hours(1)};

  MonoTime run(const std::vector<std::shared_ptr<objects::Gateway>>& gateways) {
    return writer.run(plan_input(gateways, options), now, [] { return false; });
  }
  json labels() const { return api.object(kAccount)["metadata"]["labels"]; }
};

/// As an informer tells of it.
std::shared_ptr<objects::Service> observed_service(const json& object) {
  auto service = std::make_shared<objects::Service>();
  const auto& meta = object["metadata"];
  service->meta.ns = "gatehouse-system";
  service->meta.name = meta["name"].get<std::string>();
  service->meta.annotations = meta["annotations"].get<std::map<std::string, std::string>>();
  return service;
}

}  // namespace

TEST_CASE("what should be there is made once, and left alone from then on") {
  Rig rig;
  rig.run({plan_gateway("web")});
  CHECK(rig.labels()["gateway.networking.k8s.io/gateway-name"] == "web");
  rig.api.forget_requests();
  rig.now += milliseconds(10);
  rig.run({plan_gateway("web")});
  CHECK(rig.api.count("GET") == 0);
  CHECK(rig.api.count("PATCH") == 0);
}

TEST_CASE("labels that a Gateway no longer has are taken away again, those of others stay") {
  Rig rig;
  auto gateway = plan_gateway("web");
  gateway->infrastructure.labels = {{"old", "1"}, {"kept", "1"}};
  rig.run({gateway});
  auto object = rig.api.object(kAccount);
  object["metadata"]["labels"]["foreign"] = "1";
  rig.api.put(kAccount, object);
  auto changed = plan_gateway("web");
  changed->infrastructure.labels = {{"kept", "2"}};
  rig.run({changed});
  CHECK_FALSE(rig.labels().contains("old"));
  CHECK(rig.labels()["kept"] == "2");
  CHECK(rig.labels()["foreign"] == "1");
}

TEST_CASE("an object of that name without our label is never touched") {
  Rig rig;
  rig.api.put(kAccount, {{"metadata", {{"name", "web-gatehouse"}, {"labels", {{"mine", "1"}}}}}});
  const auto before = rig.api.object(kAccount);
  const auto due = rig.run({plan_gateway("web"), plan_gateway("other")});
  CHECK(rig.api.object(kAccount) == before);
  CHECK_FALSE(rig.api.object("/api/v1/namespaces/shop/serviceaccounts/other-gatehouse").is_null());
  CHECK(due == rig.now + milliseconds(5));
}

TEST_CASE("an object goes with its Gateway, unless somebody made it theirs") {
  Rig rig;
  rig.run({plan_gateway("web"), plan_gateway("stolen")});
  const std::string stolen = "/api/v1/namespaces/shop/serviceaccounts/stolen-gatehouse";
  auto object = rig.api.object(stolen);
  object["metadata"]["labels"].erase(kManagedByLabel);
  rig.api.put(stolen, object);
  rig.run({});
  CHECK(rig.api.object(kAccount).is_null());
  CHECK_FALSE(rig.api.object(stolen).is_null());
}

TEST_CASE("strays of an earlier life are removed, those of another installation are not") {
  Rig rig;
  const auto stray = [&](const std::string& installation) {
    return json{{"metadata",
                 {{"name", "x"},
                  {"namespace", "old"},
                  {"labels", {{kManagedByLabel, kManagedBy}, {kInstallationLabel, installation}}}}}};
  };
  rig.api.put("/api/v1/namespaces/old/serviceaccounts/x", stray(rig.options.installation()));
  rig.api.put("/api/v1/namespaces/old/serviceaccounts/y", stray("another"));
  rig.run({});
  CHECK(rig.api.object("/api/v1/namespaces/old/serviceaccounts/x").is_null());
  CHECK_FALSE(rig.api.object("/api/v1/namespaces/old/serviceaccounts/y").is_null());
}

TEST_CASE("who looks at a part of the Gateways removes only what it made itself") {
  auto options = plan_options();
  options.removes_strays = false;
  Rig rig(options);
  const std::string stray = "/api/v1/namespaces/old/serviceaccounts/x";
  rig.api.put(
      stray, {{"metadata",
               {{"name", "x"},
                {"namespace", "old"},
                {"labels", {{kManagedByLabel, kManagedBy}, {kInstallationLabel, options.installation()}}}}}});
  rig.run({plan_gateway("web")});
  rig.run({});
  CHECK_FALSE(rig.api.object(stray).is_null());
  CHECK(rig.api.object(kAccount).is_null());
}

TEST_CASE("what somebody removed or changed is put right at the next look") {
  Rig rig;
  const auto gateway = plan_gateway("web");
  rig.run({gateway});
  rig.api.remove(kAccount);
  rig.run({gateway});
  CHECK(rig.api.object(kAccount).is_null());
  rig.now += minutes(5);
  rig.run({gateway});
  CHECK_FALSE(rig.api.object(kAccount).is_null());

  auto object = rig.api.object(kAccount);
  object["metadata"]["labels"]["gateway.networking.k8s.io/gateway-name"] = "changed";
  rig.api.put(kAccount, object);
  rig.now += minutes(5);
  rig.run({gateway});
  CHECK(rig.labels()["gateway.networking.k8s.io/gateway-name"] == "web");
}

TEST_CASE("a Service that somebody deleted is back at once, with the ports it had") {
  Rig rig(plan_options(AddressMode::shared));
  const auto gateway = plan_gateway("web");
  rig.run({gateway});
  const auto path = "/api/v1/namespaces/gatehouse-system/services/" +
                    translate::infrastructure_name(gateway->meta.full_name());
  const auto made = rig.api.object(path);
  REQUIRE_FALSE(made.is_null());
  const auto observed = observed_service(made);
  rig.writer.run(plan_input({gateway}, rig.options, {observed}), rig.now, [] { return false; });

  rig.api.remove(path);
  rig.run({gateway});
  CHECK(rig.api.object(path)["spec"]["ports"] == made["spec"]["ports"]);

  rig.writer.run(plan_input({gateway}, rig.options, {observed}), rig.now, [] { return false; });
  rig.run({});
  CHECK(rig.api.object(path).is_null());
}

TEST_CASE("what fails is tried again, later each time, and holds up nothing else") {
  Rig rig;
  rig.api.set_script([](const ApiRequest& request) -> std::optional<ApiAnswer> {
    if (request.method == "PATCH" && request.path.starts_with(kAccount))
      return ApplyingApi::refusal(403, "Forbidden");
    return std::nullopt;
  });
  const std::vector<std::shared_ptr<objects::Gateway>> both{plan_gateway("web"), plan_gateway("zoo")};
  Duration before{};
  for (int i = 0; i < 25; ++i) {
    const auto due = rig.run(both);
    REQUIRE(due > rig.now);
    REQUIRE(due - rig.now >= before);
    REQUIRE(due - rig.now <= minutes(17));
    before = i < 10 ? due - rig.now : Duration{};  // from then on the next look may come first
    rig.now = due;
  }
  CHECK_FALSE(rig.api.object("/api/v1/namespaces/shop/serviceaccounts/zoo-gatehouse").is_null());
  rig.api.set_script(nullptr);
  rig.now += std::chrono::seconds(1'000);
  rig.run(both);
  CHECK_FALSE(rig.api.object(kAccount).is_null());
}

TEST_CASE("a server that names a time to come back is not asked before") {
  Rig rig;
  rig.api.set_script([](const ApiRequest& request) -> std::optional<ApiAnswer> {
    if (request.method != "PATCH") return std::nullopt;
    auto busy = ApplyingApi::refusal(429, "TooManyRequests");
    busy.retry_after = std::chrono::seconds(7);
    return busy;
  });
  CHECK(rig.run({plan_gateway("web")}) == rig.now + std::chrono::seconds(7));
}

TEST_CASE("lists that are not allowed do not keep objects from being made") {
  Rig rig;
  rig.api.set_script([](const ApiRequest& request) -> std::optional<ApiAnswer> {
    if (request.method == "GET" && request.path.find("labelSelector") != std::string::npos)
      return ApplyingApi::refusal(403, "Forbidden");
    return std::nullopt;
  });
  rig.run({plan_gateway("web")});
  CHECK_FALSE(rig.api.object(kAccount).is_null());
}

TEST_CASE("who is over stops between two requests") {
  Rig rig;
  const auto input = plan_input({plan_gateway("web"), plan_gateway("zoo")}, rig.options);
  int asked = 0;
  rig.writer.run(input, rig.now, [&asked] { return ++asked > 1; });
  CHECK(rig.api.count("PATCH") == 1);
}

TEST_CASE("the provisioner writes while it leads, and only then") {
  ApplyingApi api;
  const auto options = plan_options();
  Provisioner provisioner(std::make_unique<test::ApplyingClient>(api), options, [] { return true; });
  provisioner.set_input(plan_input({plan_gateway("web")}, options));
  CHECK(api.paths().empty());
  provisioner.set_leader(true);
  REQUIRE(api.wait_for([&] { return !api.object(kAccount).is_null(); }));
  auto changed = plan_gateway("web");
  changed->infrastructure.labels = {{"team", "shop"}};
  provisioner.set_input(plan_input({changed}, options));
  REQUIRE(api.wait_for([&] { return api.object(kAccount)["metadata"]["labels"].contains("team"); }));
  provisioner.set_input(plan_input({}, options));
  REQUIRE(api.wait_for([&] { return api.object(kAccount).is_null(); }));
}

TEST_CASE("the provisioner tries again by itself after a failure") {
  ApplyingApi api;
  int failures = 2;
  api.set_script([&failures](const ApiRequest& request) -> std::optional<ApiAnswer> {
    if (request.method != "PATCH" || failures-- <= 0) return std::nullopt;
    return ApplyingApi::refusal(500, "InternalError");
  });
  const auto options = plan_options();
  Provisioner provisioner(std::make_unique<test::ApplyingClient>(api), options, [] { return true; });
  provisioner.set_leader(true);
  provisioner.set_input(plan_input({plan_gateway("web")}, options));
  CHECK(api.wait_for([&] { return !api.object(kAccount).is_null(); }));
}

}  // namespace gatehouse::controller
