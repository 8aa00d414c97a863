// SPDX-License-Identifier: Apache-2.0
// What every match of a listener won or lost by.
#include "routing/explain.h"

#include <catch2/catch.hpp>

#include "tests/routing/table_builder.h"

using namespace gatehouse;
using namespace gatehouse::routing;
using namespace gatehouse::routing::testing;

namespace {

/// One route per match, "ns/a" first; explains GET http://a.test/x/y?q=1 with "h: 1".
class Explained {
 public:
  Explained& add(ir::RouteMatch match, std::vector<std::string> hostnames = {}, std::int64_t created = 0) {
    const std::string name = std::string("ns/") + static_cast<char>('a' + listener_.routes.size());
    listener_.routes.push_back({make_route(name, {std::move(match)}, created), std::move(hostnames)});
    return *this;
  }

  /// "a serves", "b shorter_path" ...: as number of the verdict.
  std::vector<std::pair<char, Verdict>> verdicts() {
    Ids clusters;
    Ids metrics;
    table_ = compile(listener_, {clusters, metrics});
    const std::vector<HeaderField> headers{{"h", "1"}};
    std::vector<std::pair<char, Verdict>> result;
    for (const auto& candidate : explain(listener_, *table_, {"a.test", "/x/y", "q=1", "GET", headers})) {
      result.emplace_back(candidate.match->rule->route->age.name.back(), candidate.verdict);
      names_.push_back(candidate.name);
    }
    return result;
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  ir::Listener listener_;
  std::shared_ptr<const RouteTable> table_;
  std::vector<std::string> names_;
};

using Verdicts = std::vector<std::pair<char, Verdict>>;

}  // namespace

TEST_CASE("what does not hold says which condition it was") {
  Explained explained;
  explained.add(prefix("/"), {"b.test"})
      .add(exact("/z"))
      .add(with_method(prefix("/"), "POST"))
      .add(with_header(prefix("/"), "h", "2"))
      .add(with_query(prefix("/"), "q", "2"));
  CHECK(explained.verdicts() == Verdicts{{'a', Verdict::other_host},
                                         {'b', Verdict::other_path},
                                         {'c', Verdict::other_method},
                                         {'d', Verdict::other_header},
                                         {'e', Verdict::other_query}});
  CHECK(explained.names() == std::vector<std::string>{"", "", "", "h", "q"});
}

TEST_CASE("what holds and ranks lower says by what, best first") {
  Explained explained;
  explained.add(prefix("/x/y"), {"*.test"})
      .add(prefix("/x"), {"a.test"})
      .add(with_method(prefix("/x/y"), "GET"), {"a.test"})
      .add(regex("/x/.*"), {"a.test"})
      .add(with_header(regex("/x/.*"), "h", "1"), {"a.test"});
  CHECK(explained.verdicts() == Verdicts{{'e', Verdict::serves},
                                         {'d', Verdict::fewer_headers},
                                         {'c', Verdict::lower_path_type},
                                         {'b', Verdict::lower_path_type},
                                         {'a', Verdict::less_specific_host}});
}

TEST_CASE("lengths, methods and query parameters decide before ages") {
  CHECK(Explained().add(prefix("/x"), {}, 1).add(prefix("/x/y"), {}, 2).verdicts() ==
        Verdicts{{'b', Verdict::serves}, {'a', Verdict::shorter_path}});
  CHECK(Explained().add(prefix("/"), {}, 1).add(with_method(prefix("/"), "GET"), {}, 2).verdicts() ==
        Verdicts{{'b', Verdict::serves}, {'a', Verdict::without_method}});
  CHECK(Explained().add(prefix("/"), {}, 1).add(with_query(prefix("/"), "q", "1"), {}, 2).verdicts() ==
        Verdicts{{'b', Verdict::serves}, {'a', Verdict::fewer_query}});
}

TEST_CASE("ages decide where all are known, else names") {
  CHECK(Explained().add(prefix("/"), {}, 2).add(prefix("/"), {}, 1).verdicts() ==
        Verdicts{{'b', Verdict::serves}, {'a', Verdict::younger}});
  CHECK(Explained().add(prefix("/"), {}, 2).add(prefix("/"), {}, 0).verdicts() ==
        Verdicts{{'a', Verdict::serves}, {'b', Verdict::later_name}});
}
