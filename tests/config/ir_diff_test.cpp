// SPDX-License-Identifier: Apache-2.0
// The words in which a change of the configuration is told.
#include <catch2/catch.hpp>

#include "config/ir/diff.h"
#include "config/ir/dump_parts.h"
#include "config/ir/words.h"

using namespace gatehouse;
using namespace std::chrono_literals;

namespace {

/// One listener, one route with one rule, one cluster; tests change a copy.
struct Parts {
  ir::Listener listener;
  ir::HttpRoute route;
  ir::Cluster cluster;

  Parts() {
    listener.name = "ns/gw/http";
    listener.advertised_port = 80;
    route.key = "HTTPRoute/ns/web";
    ir::RouteRule& rule = route.rules.emplace_back();
    rule.matches.emplace_back();
    rule.backends.emplace_back().cluster = "Service/ns/web/80";
    cluster.key = "Service/ns/web/80";
    cluster.endpoints = {{"10.0.0.1", 80}, {"10.0.0.2", 80}};
  }

  ir::RouteRule& rule() { return route.rules.front(); }

  ir::Config config() const {
    auto served = std::make_shared<ir::Listener>(listener);
    served->routes = {{std::make_shared<const ir::HttpRoute>(route), {}}};
    ir::Config config;
    config.listeners = {served};
    config.clusters = {std::make_shared<const ir::Cluster>(cluster)};
    return config;
  }
};

/// The details of the only change between `before` and `after`.
std::vector<std::string> details(const Parts& before, const Parts& after) {
  const auto found = ir::changes(before.config(), after.config());
  REQUIRE(found.size() == 1);
  CHECK(found[0].action == ir::Change::Action::changed);
  return found[0].details;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a weight that changed is told with both values") {
  Parts before;
  Parts after;
  after.rule().backends[0].weight = 5;
  CHECK(details(before, after) == Lines{"rule 0: backend Service/ns/web/80 weight 1 -> 5"});
}

TEST_CASE("backends are paired by their cluster, not by their place") {
  Parts before;
  before.rule().backends.emplace_back().cluster = "Service/ns/api/80";
  Parts after = before;
  after.rule().backends.erase(after.rule().backends.begin());
  CHECK(details(before, after) == Lines{"rule 0: backend Service/ns/web/80 removed"});
}

TEST_CASE("a filter that is new is told as one, a field that changed by its name") {
  Parts before;
  Parts after;
  after.rule().filters.redirect = ir::Redirect{"https", "", 0, {}, 301};
  CHECK(details(before, after) == Lines{"rule 0: redirect (scheme https, status 301) added"});
  Parts later = after;
  later.rule().filters.redirect->status = 302;
  CHECK(details(after, later) == Lines{"rule 0: redirect.status 301 -> 302"});
}

TEST_CASE("a header value inside a list is told with its place") {
  Parts before;
  before.rule().filters.request_headers.set = {{"x-a", "1"}, {"x-b", "2"}};
  Parts after = before;
  after.rule().filters.request_headers.set[1].value = "3";
  CHECK(details(before, after) == Lines{"rule 0: request_headers.set[1].value 2 -> 3"});
}

TEST_CASE("timeouts and retries are told with their values") {
  Parts before;
  Parts after;
  after.rule().timeouts.request = 1500ms;
  after.rule().retry.attempts = 2;
  CHECK(details(before, after) ==
        Lines{"rule 0: request timeout off -> 1500ms", "rule 0: retry (attempts 2) added"});
}

TEST_CASE("matches are told in the words of the API") {
  Parts before;
  Parts after;
  ir::RouteMatch match;
  match.path = {ir::PathMatchKind::exact, "/a"};
  match.method = "GET";
  match.headers = {{"x-user", ir::ValueMatchKind::exact, "ann"}};
  match.query = {{"debug", ir::ValueMatchKind::regex, "[01]"}};
  after.rule().matches = {match};
  CHECK(details(before, after) ==
        Lines{"rule 0: match Exact /a, method GET, header x-user: ann, query debug ~ [01] added",
              "rule 0: match PathPrefix / removed"});
}

TEST_CASE("a rule put in front of others is one rule that was added") {
  Parts before;
  Parts after;
  ir::RouteRule rule;
  rule.name = "new";
  after.route.rules.insert(after.route.rules.begin(), rule);
  CHECK(details(before, after) == Lines{"rule 0 added"});
  CHECK(details(after, before) == Lines{"rule 0 removed"});
}

TEST_CASE("rules are numbered as in their object, behind one that could not be served too") {
  Parts before;
  before.route.rules.emplace_back().name = "last";
  before.route.positions = {1, 3};
  Parts after = before;
  after.route.rules[1].timeouts.request = 2s;
  CHECK(details(before, after) == Lines{"rule 3 (last): request timeout off -> 2s"});
  after.route.rules.pop_back();
  after.route.positions.pop_back();
  CHECK(details(before, after) == Lines{"rule 3 removed"});
  CHECK(details(after, before) == Lines{"rule 3 added"});
}

TEST_CASE("rules that only moved in their object are told as that") {
  Parts before;
  before.route.positions = {1};
  CHECK(details(before, Parts()) == Lines{"numbers of rules"});
}

TEST_CASE("endpoints are named, many are counted") {
  Parts before;
  Parts after;
  after.cluster.endpoints = {{"10.0.0.2", 80}, {"::1", 80}};
  CHECK(details(before, after) == Lines{"endpoint [::1]:80 added", "endpoint 10.0.0.1:80 removed"});
  for (std::uint16_t port = 1; port <= 9; ++port) after.cluster.endpoints.push_back({"10.0.0.9", port});
  CHECK(details(before, after) == Lines{"10 endpoints added", "endpoint 10.0.0.1:80 removed"});
}

TEST_CASE("settings of a cluster are told by name") {
  Parts before;
  Parts after;
  after.cluster.load_balancer.kind = ir::LoadBalancer::Kind::maglev;
  after.cluster.pool.connect_timeout = 1s;
  CHECK(details(before, after) ==
        Lines{"pool (connect_timeout 1000ms) added", "load_balancer (kind maglev) added"});
}

TEST_CASE("a listener's own fields are told, its routes by name") {
  Parts before;
  Parts after;
  after.listener.hostname = "a.test";
  after.listener.limits.max_body_bytes = 10;
  after.listener.binds = {*SocketAddress::parse("127.0.0.1:80")};
  CHECK(details(before, after) == Lines{"address 127.0.0.1:80 added", "hostname \"\" -> \"a.test\"",
                                        "limits (max_body_bytes 10) added"});
}

TEST_CASE("a dump is taken apart field by field") {
  YamlText out;
  ir::RouteRetry retry;
  retry.attempts = 3;
  retry.codes = {500, 503};
  ir::dump(out, retry);
  CHECK(ir::fields_of(out.take()) ==
        ir::Fields{{"retry.attempts", "3"}, {"retry.codes", "[\"500\", \"503\"]"}});
}
