// SPDX-License-Identifier: Apache-2.0
// Routes of other controllers are told from ours, and come back when their Gateway becomes ours.
#include "controller/foreign_routes.h"

#include <catch2/catch.hpp>
#include <thread>

namespace gatehouse::controller {
namespace {

using namespace std::chrono_literals;

constexpr const char* kOurs = "example.com/ours";

template <typename Object>
Arrival arrival_of(const std::string& name, Object made) {
  made.meta.ns = "shop";
  made.meta.name = name;
  Arrival arrival;
  arrival.name = std::is_same_v<Object, objects::GatewayClass> ? name : "shop/" + name;
  arrival.object = std::make_shared<const Object>(std::move(made));
  return arrival;
}

Arrival class_of(const std::string& name, const std::string& controller_name) {
  objects::GatewayClass made;
  made.controller_name = controller_name;
  return arrival_of(name, std::move(made));
}

Arrival gateway(const std::string& name, const std::string& its_class) {
  objects::Gateway made;
  made.gateway_class_name = its_class;
  return arrival_of(name, std::move(made));
}

Arrival listener_set(const std::string& name, const std::string& its_gateway) {
  objects::ListenerSet made;
  made.parent_ref.name = its_gateway;
  return arrival_of(name, std::move(made));
}

objects::ParentReference parent(const std::string& name, const std::string& kind = "Gateway") {
  objects::ParentReference ref;
  ref.kind = kind;
  ref.name = name;
  return ref;
}

Arrival route(std::vector<objects::ParentReference> parents) {
  objects::HttpRoute made;
  made.parent_refs = std::move(parents);
  return arrival_of("route", std::move(made));
}

struct Rig {
  explicit Rig(Duration patience = 0s)
      : routes({.controller_names = {kOurs}, .patience = patience, .list_again = [this] { ++lists; }}) {}

  void learn(const std::string& kind, std::vector<Arrival> arrivals, bool whole = false) {
    Delivery delivery;
    delivery.kind = kind;
    delivery.whole = whole;
    delivery.arrivals = std::move(arrivals);
    routes.learn(delivery);
  }
  void learn_classes_and_gateways() {
    learn("GatewayClass", {class_of("ours", kOurs), class_of("theirs", "example.com/theirs")}, true);
    learn("Gateway", {gateway("ours", "ours"), gateway("theirs", "theirs"), gateway("classless", "gone")},
          true);
  }
  bool wants(std::vector<objects::ParentReference> parents) {
    return routes.wants(route(std::move(parents)));
  }

  int lists = 0;
  ForeignRoutes routes;
};

}  // namespace

TEST_CASE("a route is foreign when all its parents are known to be another controller's") {
  Rig rig;
  rig.learn_classes_and_gateways();
  CHECK_FALSE(rig.wants({parent("theirs")}));
  CHECK(rig.wants({parent("ours")}));
  CHECK(rig.wants({parent("theirs"), parent("ours")}));
  CHECK(rig.wants({parent("unknown")}));
  CHECK(rig.wants({parent("classless")}));
  CHECK(rig.wants({parent("theirs", "Service")}));
  CHECK(rig.wants({}));
}

TEST_CASE("a ListenerSet belongs to who owns its Gateway") {
  Rig rig;
  rig.learn_classes_and_gateways();
  rig.learn("ListenerSet", {listener_set("of-ours", "ours"), listener_set("of-theirs", "theirs")}, true);
  CHECK(rig.wants({parent("of-ours", "ListenerSet")}));
  CHECK_FALSE(rig.wants({parent("of-theirs", "ListenerSet")}));
  CHECK(rig.wants({parent("unknown", "ListenerSet")}));
}

TEST_CASE("a foreign route whose status mentions us is wanted: the entry is to be taken back") {
  Rig rig;
  rig.learn_classes_and_gateways();
  auto arrival = route({parent("theirs")});
  arrival.observed.status = R"({"parents":[{"controllerName":"example.com/ours"}]})";
  CHECK(rig.routes.wants(arrival));
}

TEST_CASE("routes are listed again when a Gateway they were passed over for becomes ours") {
  Rig rig;
  rig.learn_classes_and_gateways();
  REQUIRE_FALSE(rig.wants({parent("theirs")}));
  rig.learn("Gateway", {gateway("another", "ours")});
  CHECK(rig.lists == 0);
  rig.learn("Gateway", {gateway("theirs", "ours")});
  CHECK(rig.lists == 1);
  CHECK(rig.wants({parent("theirs")}));
  rig.learn("Gateway", {gateway("theirs", "ours")});
  CHECK(rig.lists == 1);
}

TEST_CASE("a Gateway that went is not forgotten: it may come back as ours") {
  Rig rig;
  rig.learn_classes_and_gateways();
  REQUIRE_FALSE(rig.wants({parent("theirs")}));
  rig.learn("Gateway", {}, true);
  CHECK(rig.lists == 0);
  rig.learn("Gateway", {gateway("theirs", "ours")});
  CHECK(rig.lists == 1);
}

TEST_CASE("a class or a ListenerSet that becomes ours brings its routes back") {
  Rig rig;
  rig.learn_classes_and_gateways();
  rig.learn("ListenerSet", {listener_set("set", "theirs")}, true);
  REQUIRE_FALSE(rig.wants({parent("set", "ListenerSet")}));
  rig.learn("ListenerSet", {listener_set("set", "ours")});
  CHECK(rig.lists == 1);
  REQUIRE_FALSE(rig.wants({parent("theirs")}));
  rig.learn("GatewayClass", {class_of("theirs", kOurs)});
  CHECK(rig.lists == 2);
}

TEST_CASE("a Gateway that cannot be decoded is still what it was") {
  Rig rig;
  rig.learn_classes_and_gateways();
  Arrival broken;
  broken.name = "shop/theirs";
  rig.learn("Gateway", {broken}, true);
  CHECK_FALSE(rig.wants({parent("theirs")}));
}

TEST_CASE("the first route waits until Gateways and classes are known") {
  Rig rig(1min);
  std::thread late([&] { rig.learn_classes_and_gateways(); });
  CHECK_FALSE(rig.wants({parent("theirs")}));
  late.join();
}

TEST_CASE("without Gateways and classes nothing is foreign") {
  Rig rig;
  CHECK(rig.wants({parent("theirs")}));
}

}  // namespace gatehouse::controller
