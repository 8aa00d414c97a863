// SPDX-License-Identifier: Apache-2.0
// Deliveries of informers in the object store.
#include "controller/cluster_source.h"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::controller;

namespace {

Arrival space(const std::string& name, const std::string& label = "1") {
  auto object = std::make_shared<objects::Namespace>();
  object->meta.name = name;
  object->meta.labels["v"] = label;
  Arrival arrival;
  arrival.name = name;
  arrival.object = std::shared_ptr<const objects::Namespace>(std::move(object));
  return arrival;
}

Arrival broken(const std::string& name) {
  Arrival arrival;
  arrival.name = name;
  objects::Problem problem;
  problem.object = "Namespace " + name;
  problem.reason = "is broken";
  arrival.problems.push_back(problem);
  return arrival;
}

Delivery of(std::vector<Arrival> arrivals, bool whole = false) {
  Delivery delivery;
  delivery.kind = "Namespace";
  delivery.whole = whole;
  delivery.arrivals = std::move(arrivals);
  return delivery;
}

struct Source {
  objects::ObjectStore store;
  ClusterSource source{store};
  std::string label(const std::string& name) const {
    return store.snapshot().namespaces.at(name)->meta.labels.at("v");
  }
};

}  // namespace

TEST_CASE("a list replaces all of its kind and nothing of another") {
  Source s;
  CHECK(s.source.take(of({space("one"), space("two")}, true)));
  Delivery services;
  services.kind = "Service";
  services.whole = true;
  CHECK_FALSE(s.source.take(services));
  CHECK(s.source.take(of({space("two")}, true)));
  CHECK(s.store.snapshot().namespaces.size() == 1);
  CHECK_FALSE(s.source.take(of({space("two")}, true)));
}

TEST_CASE("news change single objects") {
  Source s;
  s.source.take(of({space("one"), space("two")}, true));
  CHECK(s.source.take(of({space("two", "2"), space("three")})));
  auto gone = of({});
  gone.gone = {"one", "never-seen"};
  CHECK(s.source.take(gone));
  CHECK(s.store.snapshot().namespaces.size() == 2);
  CHECK(s.label("two") == "2");
}

TEST_CASE("an object that cannot be decoded keeps its last good version, in a list too (K11)") {
  Source s;
  s.source.take(of({space("one"), space("two")}, true));
  CHECK_FALSE(s.source.take(of({broken("one")})));
  CHECK(s.label("one") == "1");
  CHECK(s.source.take(of({broken("one"), space("two", "2")}, true)));
  CHECK(s.label("one") == "1");
  CHECK(s.label("two") == "2");
}

TEST_CASE("a problem is fresh once and holds until its object is mended or gone") {
  Source s;
  s.source.take(of({broken("one"), broken("two")}, true));
  CHECK(s.source.fresh_problems().size() == 2);
  s.source.take(of({broken("one")}));
  CHECK(s.source.fresh_problems().empty());
  CHECK(s.source.problems().size() == 2);
  s.source.take(of({space("one")}));
  CHECK(s.source.problems().size() == 1);
  auto gone = of({});
  gone.gone = {"two"};
  s.source.take(gone);
  CHECK(s.source.problems().empty());
}
