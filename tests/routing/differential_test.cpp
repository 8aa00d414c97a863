// SPDX-License-Identifier: Apache-2.0
// Random tables and requests: the route table against the linear matcher written from the API text.
#include <catch2/catch.hpp>

#include <random>

#include "tests/routing/naive_matcher.h"
#include "tests/routing/table_builder.h"

using namespace gatehouse;
using namespace gatehouse::routing;
using namespace gatehouse::routing::testing;

namespace {

/// Draws from small alphabets, so that collisions, ties and near misses are the rule.
class Generator {
 public:
  explicit Generator(std::uint32_t seed) : dice_(seed), ages_known_(seed % 2 == 0) {}

  ir::Listener listener() {
    ir::Listener result;
    const std::size_t routes = 1 + below(12);
    for (std::size_t i = 0; i < routes; ++i) result.routes.push_back(attachment(i));
    return result;
  }

  void mutate(ir::Listener& listener) {
    auto& routes = listener.routes;
    const std::size_t at = below(routes.size());
    if (below(4) == 0 && routes.size() > 1) {
      routes.erase(routes.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      routes[at] = attachment(below(12));
    }
  }

  struct Request {
    std::string host, path, query, method;
    std::vector<HeaderField> headers;
    RequestView view() const { return {host, path, query, method, headers}; }
  };

  Request request() {
    Request result;
    result.host = one_of({"a.test", "b.test", "x.a.test", "y.x.a.test", "test", "other", ""});
    result.path = path();
    result.method = one_of({"GET", "POST", "PUT"});
    for (std::size_t i = below(4); i > 0; --i)
      result.headers.push_back({one_of({"h1", "H1", "h2", "H3"}), one_of({"1", "2", "1,2", ""})});
    for (std::size_t i = below(4); i > 0; --i) {
      if (!result.query.empty()) result.query += "&";
      result.query += one_of({"q1=1", "q1=%31", "q2=2", "q%31=2", "q2", "q3=a+b", "", "q1=%zz"});
    }
    return result;
  }

 private:
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(dice_);
  }
  const char* one_of(std::initializer_list<const char*> choices) {
    return choices.begin()[below(choices.size())];
  }

  ir::Attachment attachment(std::size_t number) {
    std::vector<ir::RouteMatch> matches;
    for (std::size_t i = 1 + below(4); i > 0; --i) matches.push_back(match());
    const std::int64_t age = ages_known_ ? static_cast<std::int64_t>(1 + below(3)) : 0;
    auto route = make_route("ns/r" + std::to_string(number), std::move(matches), age);
    // Names differ, as in a cluster; which one it is must not follow the position.
    route->age.name = std::string(one_of({"a/", "b/", "c/"})) + std::to_string(++names_);
    std::vector<std::string> hostnames;
    for (std::size_t i = below(3); i > 0; --i)
      hostnames.push_back(one_of({"a.test", "b.test", "*.test", "*.a.test", "*.x.a.test", "x.a.test"}));
    return {std::move(route), std::move(hostnames)};
  }

  ir::RouteMatch match() {
    ir::RouteMatch result = prefix(path());
    if (below(3) == 0) result = exact(path());
    if (below(5) == 0) result = regex(one_of({"/a.*", "/.*", "/[ab]/b", "/a/.*", "/(a|b)(/.*)?"}));
    if (below(4) == 0) result.method = one_of({"GET", "POST"});
    if (below(4) == 0) result = with_header(result, "h1", one_of({"1", "2", "1,2"}));
    if (below(6) == 0) result = with_header(result, "h2", "[12,]+", ir::ValueMatchKind::regex);
    if (below(4) == 0) result = with_query(result, "q1", one_of({"1", "2"}));
    if (below(6) == 0) result = with_query(result, "q3", "a.b", ir::ValueMatchKind::regex);
    return result;
  }

  std::string path() {
    std::string result;
    for (std::size_t i = below(4); i > 0; --i) result += one_of({"/a", "/b", "/ab", "/"});
    return result.empty() ? "/" : result;
  }

  std::mt19937 dice_;
  bool ages_known_;
  int names_ = 0;
};

void compare(const ir::Listener& listener, const RouteTable& table, const Generator::Request& request) {
  const auto wanted = naive_find(listener, request.view());
  const auto found = table.find(request.view());
  INFO(request.method << ' ' << request.host << ' ' << request.path << '?' << request.query);
  REQUIRE(found.has_value() == wanted.has_value());
  if (!found) return;
  REQUIRE(found->rule->route->key == wanted->route->key);
  REQUIRE(found->rule->rule_index == wanted->rule);
  REQUIRE(found->match == &found->rule->rule->matches[wanted->match]);
}

}  // namespace

TEST_CASE(
    "1,000 random tables decide as the specification does, built afresh and built from their predecessor") {
  std::size_t found = 0;
  for (std::uint32_t seed = 0; seed < 1000; ++seed) {
    INFO("seed " << seed);
    Generator generator(seed);
    ir::Listener listener = generator.listener();
    Ids clusters;
    Ids metrics;
    auto table = compile(listener, {clusters, metrics});
    for (int generation = 0; generation < 3; ++generation) {
      for (int i = 0; i < 20; ++i) {
        const auto request = generator.request();
        compare(listener, *table, request);
        if (table->find(request.view())) ++found;
      }
      generator.mutate(listener);
      table = compile(listener, {clusters, metrics}, table.get());
    }
  }
  // Guards the test itself: both outcomes must be common.
  CHECK(found > 15'000);
  CHECK(found < 55'000);
}
