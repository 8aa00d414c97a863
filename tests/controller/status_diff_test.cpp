// SPDX-License-Identifier: Apache-2.0
#include "controller/status_diff.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

namespace gatehouse::controller {
namespace {

using objects::RouteStatus;
using objects::Statuses;

std::shared_ptr<const RouteStatus> route(const std::string& controller) {
  RouteStatus status;
  status.parents.push_back({{}, controller, {}});
  return std::make_shared<const RouteStatus>(status);
}

std::vector<std::string> changes(const Statuses& before, const Statuses& after) {
  std::vector<std::string> found;
  compare_statuses(before, after, [&](const ObjectKey& key) { found.push_back(key.kind + " " + key.name); });
  return found;
}

}  // namespace

TEST_CASE("statuses that came, changed or went are found, and no others") {
  Statuses before;
  before.gateways["a/same"];
  before.gateways["a/gone"];
  for (const char* name : {"a/gone", "a/same", "a/equal", "a/other"})
    before.http_routes.set(name, route("x"));
  before.policies["XBackend"]["a/gone"];
  before.policies["BackendTLSPolicy"]["a/same"];
  auto after = before;
  CHECK(changes(before, after).empty());
  after.gateways.erase("a/gone");
  after.gateways["a/same"].attached_listener_sets = 1;
  after.gateway_classes["new"];
  after.http_routes.erase("a/gone");
  after.http_routes.set("a/equal", route("x"));
  after.http_routes.set("a/other", route("y"));
  after.http_routes.set("a/zz", route("y"));
  after.udp_routes.set("a/new", route("x"));
  after.policies.erase("XBackend");
  after.policies["BackendTLSPolicy"]["a/new"];
  CHECK(changes(before, after) ==
        std::vector<std::string>{"GatewayClass new", "Gateway a/gone", "Gateway a/same", "HTTPRoute a/gone",
                                 "HTTPRoute a/other", "HTTPRoute a/zz", "UDPRoute a/new", "XBackend a/gone",
                                 "BackendTLSPolicy a/new"});
}

TEST_CASE("every status is found by its kind and name") {
  Statuses statuses;
  statuses.gateway_classes["n"];
  statuses.gateways["n"];
  statuses.listener_sets["n"];
  statuses.http_routes.set("n", route("HTTPRoute"));
  statuses.grpc_routes.set("n", route("GRPCRoute"));
  statuses.tls_routes.set("n", route("TLSRoute"));
  statuses.tcp_routes.set("n", route("TCPRoute"));
  statuses.udp_routes.set("n", route("UDPRoute"));
  statuses.policies["XBackend"]["n"];
  const auto is_found = [&](const ObjectKey& key) { return find_status(statuses, key).index() != 0; };
  for (const char* kind : {"GatewayClass", "Gateway", "ListenerSet", "XBackend"}) {
    CHECK(is_found({kind, "n"}));
    CHECK_FALSE(is_found({kind, "m"}));
  }
  for (const char* kind : {"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"}) {
    const auto status = find_status(statuses, {kind, "n"});
    REQUIRE(std::holds_alternative<const RouteStatus*>(status));
    CHECK(std::get<const RouteStatus*>(status)->parents[0].controller_name == kind);
    CHECK_FALSE(is_found({kind, "m"}));
  }
  CHECK_FALSE(is_found({"Service", "n"}));
}

TEST_CASE("counts of a Gateway are told from everything else") {
  objects::GatewayStatus a;
  a.listeners = {{"http", {}, 1, {}}};
  auto b = a;
  b.listeners[0].attached_routes = 2;
  b.attached_listener_sets = 3;
  CHECK(differ_only_in_counts(a, b));
  b.listeners[0].name = "https";
  CHECK_FALSE(differ_only_in_counts(a, b));
  b.listeners.clear();
  CHECK_FALSE(differ_only_in_counts(a, b));
}

}  // namespace gatehouse::controller
