// SPDX-License-Identifier: Apache-2.0
// What a change costs, stable ids, and weighted picks.
#include <catch2/catch.hpp>

#include <map>

#include "tests/routing/table_builder.h"

using namespace gatehouse;
using namespace gatehouse::routing;
using namespace gatehouse::routing::testing;

namespace {

/// Ten routes on ten hosts, and one without a hostname.
struct World {
  World() {
    for (int i = 0; i < 10; ++i) {
      const std::string name = "r" + std::to_string(i);
      listener.routes.push_back({make_route(name, {prefix("/")}), {name + ".test"}});
    }
    listener.routes.push_back({make_route("zz", {prefix("/any")}), {}});
  }

  std::shared_ptr<const RouteTable> rebuild(const RouteTable* previous) {
    return compile(listener, {clusters, metrics}, previous, &stats);
  }

  ir::Listener listener;
  Ids clusters;
  Ids metrics;
  CompileStats stats;
};

RequestView get(std::string_view host, std::string_view path) {
  return {host, path, "", "GET", {}};
}

}  // namespace

TEST_CASE("an unchanged listener rebuilds nothing and answers with the same objects") {
  World world;
  const auto before = world.rebuild(nullptr);
  CHECK(world.stats.hosts == 11);
  CHECK(world.stats.hosts_rebuilt == 11);
  CHECK(world.stats.routes_compiled == 11);
  const auto after = world.rebuild(before.get());
  CHECK(world.stats.hosts_rebuilt == 0);
  CHECK(world.stats.routes_compiled == 0);
  CHECK(before->find(get("r3.test", "/"))->rule == after->find(get("r3.test", "/"))->rule);
}

TEST_CASE("a changed route rebuilds only its host") {
  World world;
  const auto before = world.rebuild(nullptr);
  world.listener.routes[3].route = make_route("r3", {prefix("/new")});
  const auto after = world.rebuild(before.get());
  CHECK(world.stats.hosts_rebuilt == 1);
  CHECK(world.stats.routes_compiled == 1);
  CHECK(before->find(get("r3.test", "/old")));
  CHECK_FALSE(after->find(get("r3.test", "/old")));
  CHECK(after->find(get("r3.test", "/new")));
  CHECK(before->find(get("r4.test", "/"))->rule == after->find(get("r4.test", "/"))->rule);
}

TEST_CASE("an equal copy of a route counts as unchanged") {
  World world;
  const auto before = world.rebuild(nullptr);
  world.listener.routes[3].route = make_route("r3", {prefix("/")});
  world.rebuild(before.get());
  CHECK(world.stats.hosts_rebuilt == 0);
}

TEST_CASE("removing a route rebuilds no other host, though all behind it move up") {
  World world;
  const auto before = world.rebuild(nullptr);
  world.listener.routes.erase(world.listener.routes.begin() + 2);
  const auto after = world.rebuild(before.get());
  CHECK(world.stats.hosts == 10);
  CHECK(world.stats.hosts_rebuilt == 0);
  CHECK(world.stats.routes_compiled == 0);
  CHECK_FALSE(after->find(get("r2.test", "/")));
}

TEST_CASE("a route that gains a hostname is not compiled again") {
  World world;
  const auto before = world.rebuild(nullptr);
  world.listener.routes[0].hostnames = {"r0.test", "r1.test", "x.test"};
  const auto after = world.rebuild(before.get());
  CHECK(world.stats.hosts_rebuilt == 2);
  CHECK(world.stats.routes_compiled == 0);
  CHECK(before->find(get("r0.test", "/"))->rule == after->find(get("x.test", "/"))->rule);
}

TEST_CASE("a table outlives the listener and the tables before it") {
  auto world = std::make_unique<World>();
  auto before = world->rebuild(nullptr);
  const auto after = world->rebuild(before.get());
  before.reset();
  world.reset();
  CHECK(after->find(get("r7.test", "/"))->rule->route->key == "HTTPRoute/r7");
}

TEST_CASE("ids are dense, stable and never recycled") {
  Ids ids;
  CHECK(ids.id("a") == 0);
  CHECK(ids.id("b") == 1);
  CHECK(ids.id("a") == 0);
  CHECK(ids.size() == 2);
  CHECK(ids.name(1) == "b");
  for (int i = 0; i < 1000; ++i) ids.id("name that is longer than a short string " + std::to_string(i));
  CHECK(ids.id("a") == 0);
  CHECK(ids.id("name that is longer than a short string 7") == 9);
}

TEST_CASE("all rules of a route share its metric slot, other routes have their own") {
  World world;
  world.listener.routes[0].route = make_route("r0", {exact("/a"), exact("/b")});
  const auto table = world.rebuild(nullptr);
  const auto slot = table->find(get("r0.test", "/a"))->rule->metric_slot;
  CHECK(table->find(get("r0.test", "/b"))->rule->metric_slot == slot);
  CHECK(table->find(get("r1.test", "/"))->rule->metric_slot != slot);
  CHECK(world.metrics.name(slot) == "HTTPRoute/r0");
}

TEST_CASE("over a full cycle of dice every target gets exactly its weight") {
  auto route = make_route("r", {prefix("/")});
  auto& backends = route->rules[0].backends;
  backends.resize(5);
  const std::uint32_t weights[] = {0, 70, 30, 0, 7};
  for (std::size_t i = 0; i < 5; ++i) {
    backends[i].cluster = std::to_string(i);
    backends[i].weight = weights[i];
  }
  Ids clusters;
  Ids metrics;
  const CompiledRoute compiled(route, {clusters, metrics});
  const CompiledRule& rule = compiled.rules()[0];
  REQUIRE(rule.total_weight == 107);
  std::map<std::string, std::uint32_t> picked;
  for (std::uint64_t dice = 1000; dice < 1107; ++dice) ++picked[pick(rule, dice)->backend->cluster];
  CHECK(picked == std::map<std::string, std::uint32_t>{{"1", 70}, {"2", 30}, {"4", 7}});
}

TEST_CASE("nothing is picked when all weights are 0 or there is no backend") {
  auto route = make_route("r", {prefix("/"), prefix("/a")});
  route->rules[0].backends[0].weight = 0;
  route->rules[1].backends.clear();
  Ids clusters;
  Ids metrics;
  const CompiledRoute compiled(route, {clusters, metrics});
  CHECK(pick(compiled.rules()[0], 5) == nullptr);
  CHECK(pick(compiled.rules()[1], 5) == nullptr);
}

TEST_CASE("an invalid backend keeps its share") {
  auto route = make_route("r", {prefix("/")});
  auto& invalid = route->rules[0].backends.emplace_back();
  invalid.error_status = 500;
  Ids clusters;
  Ids metrics;
  const CompiledRoute compiled(route, {clusters, metrics});
  CHECK(pick(compiled.rules()[0], 0)->backend->error_status == 0);
  CHECK(pick(compiled.rules()[0], 1)->backend->error_status == 500);
  CHECK(pick(compiled.rules()[0], 1)->cluster == kNoCluster);
}
