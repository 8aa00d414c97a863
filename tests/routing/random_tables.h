// SPDX-License-Identifier: Apache-2.0
// Random listeners, routes and requests, drawn from small alphabets: collisions, ties and near misses are the
// rule.
#pragma once

#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "config/ir/listener.h"
#include "tests/routing/table_builder.h"

namespace gatehouse::routing::testing {

struct RandomRequest {
  std::string host, path, query, method;
  std::vector<HeaderField> headers;
  RequestView view() const { return {host, path, query, method, headers}; }
};

/// What of a request a sender may write.
enum class RandomPaths : bool {
  any,     ///< empty segments too
  normal,  ///< as they arrive through HTTP
};

/// The same seed gives the same sequence.
class RandomTables {
 public:
  explicit RandomTables(std::uint32_t seed, RandomPaths paths = RandomPaths::any)
      : dice_(seed), paths_(paths), ages_(static_cast<Ages>(seed % 3)), many_regexes_(seed % 7 == 0) {}

  /// Listeners of one socket: distinct hostnames, routes of their own.
  std::vector<ir::Listener> listeners() {
    std::vector<ir::Listener> result;
    std::vector<std::string> hostnames{"", "*.test", "*.a.test", "a.test", "x.a.test", "*.x.a.test"};
    std::shuffle(hostnames.begin(), hostnames.end(), dice_);
    hostnames.resize(1 + below(4));
    for (const auto& hostname : hostnames) {
      ir::Listener& listener = result.emplace_back();
      listener.name = "ns/gateway/" + std::to_string(result.size());
      listener.hostname = hostname;
      for (std::size_t i = 1 + below(12); i > 0; --i) listener.routes.push_back(attachment());
    }
    return result;
  }

  void mutate(ir::Listener& listener) {
    auto& routes = listener.routes;
    const std::size_t at = below(routes.size());
    if (below(4) == 0 && routes.size() > 1) {
      routes.erase(routes.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      routes[at] = attachment();
    }
  }

  RandomRequest request() {
    RandomRequest result;
    result.host = one_of({"a.test", "b.test", "x.a.test", "y.x.a.test", "z.y.x.a.test", "test", "other"});
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
  enum class Ages : std::uint8_t { unknown, known, mixed };

  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(dice_);
  }
  const char* one_of(std::initializer_list<const char*> choices) {
    return choices.begin()[below(choices.size())];
  }

  ir::Attachment attachment() {
    auto route = std::make_shared<ir::HttpRoute>();
    // Names differ, as in a cluster; which one sorts first must not follow the position.
    route->age.name = std::string(one_of({"a/", "b/", "c/"})) + std::to_string(++names_);
    route->key = "HTTPRoute/" + route->age.name;
    route->age.created = ages_ == Ages::unknown ? 0 : static_cast<std::int64_t>(1 + below(3));
    if (ages_ == Ages::mixed && below(3) == 0) route->age.created = 0;
    for (std::size_t i = 1 + below(3); i > 0; --i) route->rules.push_back(rule());
    std::vector<std::string> hostnames;
    for (std::size_t i = below(3); i > 0; --i)
      hostnames.push_back(one_of({"a.test", "b.test", "*.test", "*.a.test", "*.x.a.test", "x.a.test"}));
    return {std::move(route), std::move(hostnames)};
  }

  /// Without matches, sometimes: that stands for every request.
  ir::RouteRule rule() {
    ir::RouteRule result;
    for (std::size_t i = below(16) == 0 ? 0 : 1 + below(3); i > 0; --i) result.matches.push_back(match());
    result.backends.emplace_back().cluster = "Service/ns/backend/80";
    return result;
  }

  ir::RouteMatch match() {
    ir::RouteMatch result = prefix(path());
    if (below(3) == 0) result = exact(path());
    if (below(many_regexes_ ? 2 : 5) == 0) result = regex(pattern());
    if (below(4) == 0) result.method = one_of({"GET", "POST"});
    if (below(4) == 0) result = with_header(result, "h1", one_of({"1", "2", "1,2"}));
    if (below(8) == 0) result = with_header(result, "h1", one_of({"1", "2"}));
    if (below(6) == 0) result = with_header(result, "h2", "[12,]+", ir::ValueMatchKind::regex);
    if (below(4) == 0) result = with_query(result, "q1", one_of({"1", "2"}));
    if (below(6) == 0) result = with_query(result, "q3", "a.b", ir::ValueMatchKind::regex);
    return result;
  }

  /// More different ones than are tried one by one, where there are many.
  std::string pattern() {
    if (!many_regexes_) return one_of({"/a.*", "/.*", "/[ab]/b", "/a/.*", "/(a|b)(/.*)?"});
    return "/" + std::string(one_of({"a", "b", "[ab]", ".", "ab"})) +
           one_of({"", "/.*", ".*", "(/b)?", "/[ab]"});
  }

  std::string path() {
    std::string result;
    for (std::size_t i = below(4); i > 0; --i) result += one_of({"/a", "/b", "/ab", "/"});
    if (paths_ == RandomPaths::normal)
      for (auto at = result.find("//"); at != result.npos; at = result.find("//")) result.erase(at, 1);
    return result.empty() ? "/" : result;
  }

  std::mt19937 dice_;
  RandomPaths paths_;
  Ages ages_;
  bool many_regexes_;
  int names_ = 0;
};

}  // namespace gatehouse::routing::testing
