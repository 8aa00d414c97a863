// SPDX-License-Identifier: Apache-2.0
// What golden files cannot show: Gateways that decode would refuse, address pools, bind outcomes.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "config/translate/address_pool.h"
#include "config/translate/hostname.h"
#include "config/translate/translate.h"

namespace gatehouse::translate {
namespace {

objects::GatewayListener listener(std::string name, std::int32_t port, std::string hostname = {}) {
  objects::GatewayListener result;
  result.name = std::move(name);
  result.port = port;
  result.protocol = "HTTP";
  if (!hostname.empty()) result.hostname = std::move(hostname);
  return result;
}

objects::GatewayAddress address(std::string value) {
  return {"IPAddress", std::move(value), ""};
}

objects::Gateway gateway(std::vector<objects::GatewayListener> listeners) {
  objects::Gateway result;
  result.meta.name = "gw";
  result.meta.ns = "default";
  result.gateway_class_name = "ours";
  result.listeners = std::move(listeners);
  return result;
}

objects::Snapshot snapshot_of(objects::Gateway object) {
  objects::GatewayClass ours;
  ours.meta.name = "ours";
  ours.controller_name = "gatehouse.dev/gateway-controller";
  objects::Snapshot snapshot;
  snapshot.gateway_classes["ours"] = std::make_shared<objects::GatewayClass>(ours);
  snapshot.gateways["default/gw"] = std::make_shared<objects::Gateway>(std::move(object));
  return snapshot;
}

/// Adds a ListenerSet that may attach to the Gateway of snapshot_of().
void add_set(objects::Snapshot& snapshot, std::string name, std::vector<objects::GatewayListener> listeners) {
  auto parent = std::make_shared<objects::Gateway>(*snapshot.gateways.at("default/gw"));
  parent->allowed_listeners.from = "Same";
  snapshot.gateways["default/gw"] = std::move(parent);
  auto set = std::make_shared<objects::ListenerSet>();
  set->meta.name = std::move(name);
  set->meta.ns = "default";
  set->parent_ref.name = "gw";
  set->listeners = std::move(listeners);
  snapshot.listener_sets[set->meta.full_name()] = std::move(set);
}

objects::Snapshot with_set(objects::Gateway object, std::vector<objects::GatewayListener> listeners) {
  auto snapshot = snapshot_of(std::move(object));
  add_set(snapshot, "set", std::move(listeners));
  return snapshot;
}

Options options_with_pool(std::string_view pool) {
  Options options;
  options.address_pool = {Cidr::parse(pool).value()};
  return options;
}

objects::Condition condition(const std::vector<objects::Condition>& conditions, std::string_view type) {
  for (const auto& entry : conditions)
    if (entry.type == type) return entry;
  FAIL("no condition " << type);
  return {};
}

objects::Condition programmed(const objects::GatewayStatus& status) {
  return condition(status.conditions, "Programmed");
}

}  // namespace

TEST_CASE("listeners of one Gateway with the same port and hostname are both conflicted") {
  const auto snapshot = snapshot_of(
      gateway({listener("a", 80, "x.example.com"), listener("b", 80, "x.example.com"), listener("c", 80)}));
  const auto result = translate(snapshot, options_with_pool("127.0.0.1"), nullptr);
  const auto& listeners = result.statuses.gateways.at("default/gw").listeners;
  CHECK(condition(listeners[0].conditions, "Conflicted").reason == "HostnameConflict");
  CHECK(condition(listeners[1].conditions, "Accepted").reason == "HostnameConflict");
  CHECK(condition(listeners[2].conditions, "Conflicted").status == "False");
  REQUIRE(result.config->listeners.size() == 1);
  CHECK(result.config->listeners[0]->name == "default/gw/c");
}

TEST_CASE("an address that is no IP address is not usable, the others are served") {
  auto object = gateway({listener("a", 80)});
  object.addresses = {{"IPAddress", "not-an-ip"}, {"IPAddress", "127.0.0.2"}};
  const auto result = translate(snapshot_of(object), {}, nullptr);
  const auto& status = result.statuses.gateways.at("default/gw");
  CHECK(programmed(status).reason == "AddressNotUsable");
  CHECK(status.addresses == std::vector{address("127.0.0.2")});
  REQUIRE(result.config->listeners.size() == 1);
  CHECK(result.config->listeners[0]->binds.size() == 1);
}

TEST_CASE("limits of the options reach listeners and clusters") {
  auto options = options_with_pool("127.0.0.1");
  options.limits.max_uri_bytes = 99;
  const auto result = translate(snapshot_of(gateway({listener("a", 80)})), options, nullptr);
  CHECK(result.config->listeners.at(0)->limits.max_uri_bytes == 99);
}

TEST_CASE("a socket that every worker accepts on keeps the Gateway programmed") {
  const auto result =
      translate(snapshot_of(gateway({listener("a", 80)})), options_with_pool("127.0.0.1"), nullptr);
  const auto merged = merge_bind_outcomes(result, {{SocketAddress::parse("127.0.0.1:80").value(), ""}});
  CHECK(merged == result.statuses);
}

TEST_CASE("a socket nobody reported on yet is pending") {
  const auto result =
      translate(snapshot_of(gateway({listener("a", 80)})), options_with_pool("127.0.0.1"), nullptr);
  const auto merged = merge_bind_outcomes(result, {});
  const auto& status = merged.gateways.at("default/gw");
  CHECK(programmed(status).status == "Unknown");
  CHECK(programmed(status).reason == "Pending");
  CHECK(condition(status.listeners[0].conditions, "Programmed").status == "Unknown");
  CHECK(status.addresses.size() == 1);
}

TEST_CASE("a socket in use costs its listener, with the reason in both messages") {
  const auto result = translate(snapshot_of(gateway({listener("a", 80), listener("b", 81)})),
                                options_with_pool("127.0.0.1"), nullptr);
  const auto merged = merge_bind_outcomes(
      result, {{SocketAddress::parse("127.0.0.1:80").value(), "another process listens there: stop it"},
               {SocketAddress::parse("127.0.0.1:81").value(), ""}});
  const auto& status = merged.gateways.at("default/gw");
  CHECK(programmed(status).reason == "AddressNotUsable");
  CHECK_THAT(programmed(status).message,
             Catch::Contains("127.0.0.1:80: another process listens there: stop it"));
  CHECK(condition(status.listeners[0].conditions, "Programmed").status == "False");
  CHECK(condition(status.listeners[1].conditions, "Programmed").status == "True");
  CHECK(status.addresses.size() == 1);
}

TEST_CASE("an address on which no socket works leaves the status") {
  auto object = gateway({listener("a", 80)});
  object.addresses = {address("198.51.100.1"), address("127.0.0.2")};
  const auto result = translate(snapshot_of(object), {}, nullptr);
  const auto merged = merge_bind_outcomes(
      result, {{SocketAddress::parse("198.51.100.1:80").value(), "not an address of this machine"},
               {SocketAddress::parse("127.0.0.2:80").value(), ""}});
  const auto& status = merged.gateways.at("default/gw");
  CHECK(status.addresses == std::vector{address("127.0.0.2")});
  CHECK(programmed(status).reason == "AddressNotUsable");
  CHECK(condition(status.conditions, "AddressesAssigned").reason == "PartiallyAssigned");
}

TEST_CASE("a Gateway whose every address failed has none assigned") {
  auto object = gateway({listener("a", 80)});
  object.addresses = {address("198.51.100.1")};
  const auto result = translate(snapshot_of(object), {}, nullptr);
  const auto merged = merge_bind_outcomes(
      result, {{SocketAddress::parse("198.51.100.1:80").value(), "not an address of this machine"}});
  const auto& status = merged.gateways.at("default/gw");
  CHECK(status.addresses.empty());
  CHECK(condition(status.conditions, "AddressesAssigned").reason == "NotAssigned");
  CHECK(programmed(status).reason == "AddressNotUsable");
}

TEST_CASE("a socket that failed for an entry of a ListenerSet is no matter of its Gateway") {
  const auto snapshot = with_set(gateway({listener("a", 80)}), {listener("a", 81), listener("b", 82)});
  const auto result = translate(snapshot, options_with_pool("127.0.0.1"), nullptr);
  const auto merged =
      merge_bind_outcomes(result, {{SocketAddress::parse("127.0.0.1:80").value(), ""},
                                   {SocketAddress::parse("127.0.0.1:81").value(), "taken: use another port"},
                                   {SocketAddress::parse("127.0.0.1:82").value(), ""}});
  const auto& set = merged.listener_sets.at("default/set");
  CHECK(condition(set.conditions, "Programmed").reason == "PortUnavailable");
  CHECK_THAT(condition(set.conditions, "Programmed").message,
             Catch::Equals("ListenerSet default/set: listener a: 127.0.0.1:81: taken: use another port"));
  CHECK(condition(set.listeners[0].conditions, "Programmed").reason == "PortUnavailable");
  CHECK(condition(set.listeners[1].conditions, "Programmed").status == "True");
  const auto& parent = merged.gateways.at("default/gw");
  CHECK(parent == result.statuses.gateways.at("default/gw"));
}

TEST_CASE("entries of a ListenerSet wait for their own sockets") {
  const auto snapshot = with_set(gateway({listener("a", 80)}), {listener("b", 81)});
  const auto result = translate(snapshot, options_with_pool("127.0.0.1"), nullptr);
  const auto merged = merge_bind_outcomes(result, {{SocketAddress::parse("127.0.0.1:80").value(), ""}});
  const auto& set = merged.listener_sets.at("default/set");
  CHECK(condition(set.conditions, "Programmed").status == "Unknown");
  CHECK(condition(set.conditions, "Programmed").reason == "Pending");
}

TEST_CASE("a thousand ListenerSets with one hostname leave it to the first by name") {
  auto snapshot = snapshot_of(gateway({listener("a", 80)}));
  for (int i = 0; i < 1000; ++i) add_set(snapshot, "set-" + std::to_string(1000 + i), {listener("x", 81)});
  const auto result = translate(snapshot, options_with_pool("127.0.0.1"), nullptr);
  CHECK(result.config->listeners.size() == 2);
  CHECK(result.statuses.gateways.at("default/gw").attached_listener_sets == 1);
  CHECK(condition(result.statuses.listener_sets.at("default/set-1000").conditions, "Accepted").status ==
        "True");
}

TEST_CASE("a Gateway takes 1,024 listeners with those of its ListenerSets, older ones first") {
  auto snapshot = snapshot_of(gateway({listener("a", 80)}));
  constexpr int kSets = 16;
  constexpr int kEach = 64;
  for (int set = 0; set < kSets; ++set) {
    std::vector<objects::GatewayListener> entries;
    for (int i = 0; i < kEach; ++i)
      entries.push_back(listener("x" + std::to_string(i), 1000 + set * kEach + i));
    add_set(snapshot, "set-" + std::to_string(10 + set), std::move(entries));
  }
  const auto result = translate(snapshot, options_with_pool("127.0.0.1"), nullptr);
  CHECK(result.config->listeners.size() == 1024);
  const auto& last = result.statuses.listener_sets.at("default/set-25");
  CHECK(condition(last.conditions, "Accepted").status == "True");
  CHECK(condition(last.conditions, "Accepted").reason == "ListenersNotValid");
  CHECK(condition(last.listeners[62].conditions, "Accepted").status == "True");
  const auto& rejected = condition(last.listeners[63].conditions, "Accepted");
  CHECK(rejected.status == "False");
  CHECK(rejected.reason == "TooManyListeners");
  CHECK_THAT(rejected.message,
             Catch::Contains("ListenerSet default/set-25: listener x63: Gateway default/gw"));
  CHECK(condition(last.listeners[63].conditions, "Programmed").reason == "Invalid");
}

TEST_CASE("a status that is bad already is not made better by its sockets") {
  auto object = gateway({listener("a", 80)});
  object.addresses = {{"Hostname", "example.com", ""}};
  const auto result = translate(snapshot_of(object), {}, nullptr);
  CHECK(merge_bind_outcomes(result, {}) == result.statuses);
}

TEST_CASE("a pool hands out every address but network and broadcast once") {
  AddressPool pool({Cidr::parse("10.0.0.7/29").value()});
  std::set<std::string> addresses;
  for (int i = 0; i < 6; ++i)
    addresses.insert(pool.assign("gateway-" + std::to_string(i)).value().to_string());
  CHECK(addresses ==
        std::set<std::string>{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"});
  CHECK_FALSE(pool.assign("one-too-many"));
}

TEST_CASE("a Gateway keeps its pool address when younger ones come") {
  AddressPool alone({Cidr::parse("10.0.0.0/24").value()});
  AddressPool crowded({Cidr::parse("10.0.0.0/24").value()});
  const auto before = alone.assign("default/first");
  const auto after = crowded.assign("default/first");
  for (int i = 0; i < 200; ++i) CHECK(crowded.assign("default/" + std::to_string(i)) != after);
  CHECK(before == after);
}

TEST_CASE("several ranges make one pool, IPv6 among them") {
  AddressPool pool({Cidr::parse("10.0.0.1").value(), Cidr::parse("fd00::5").value()});
  std::set<std::string> addresses{pool.assign("a").value().to_string(), pool.assign("b").value().to_string()};
  CHECK(addresses == std::set<std::string>{"10.0.0.1", "fd00::5"});
}

TEST_CASE("hostnames intersect by labels, not by characters") {
  CHECK(hostnames_intersect("", "a.example.com"));
  CHECK(hostnames_intersect("*.example.com", "a.b.example.com"));
  CHECK(hostnames_intersect("*.com", "*.example.com"));
  CHECK_FALSE(hostnames_intersect("*.example.com", "example.com"));
  CHECK_FALSE(hostnames_intersect("*.example.com", "badexample.com"));
  CHECK_FALSE(hostnames_intersect("*.example.com", "*.badexample.com"));
  CHECK_FALSE(hostnames_intersect("a.example.com", "*.a.example.com"));
}

}  // namespace gatehouse::translate
