// SPDX-License-Identifier: Apache-2.0
// Random tables and requests: RouteTable::find and its explanation against the linear matcher written from
// the API text.
//
//   route_differential [COMPARISONS [SEED]]
//
// Prints the seed it began with; a mismatch prints its own, which then reproduces it at once.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/text.h"
#include "routing/explain.h"
#include "routing/host_index.h"
#include "tests/routing/naive_matcher.h"
#include "tests/routing/random_tables.h"

namespace gatehouse::routing::testing {
namespace {

constexpr std::uint64_t kRequestsPerTable = 50;
constexpr int kGenerations = 3;  // a table afresh, then twice from its predecessor

struct Tally {
  std::uint64_t compared = 0;
  std::uint64_t no_listener = 0;
  std::uint64_t no_route = 0;
};

/// One socket's listeners, compiled, and the same for the reference.
class Socket {
 public:
  explicit Socket(std::vector<ir::Listener> listeners) : listeners_(std::move(listeners)) {
    std::vector<std::pair<std::string, std::uint32_t>> hosts;
    for (const auto& listener : listeners_)
      hosts.emplace_back(listener.hostname, static_cast<std::uint32_t>(hosts.size()));
    index_ = ListenerIndex(hosts);
    tables_.resize(listeners_.size());
    compile_all();
  }

  void mutate(RandomTables& random) {
    for (auto& listener : listeners_) random.mutate(listener);
    compile_all();
  }

  /// Empty when both decide alike, else what each says.
  std::string compare(const RandomRequest& request, Tally& tally) const {
    ++tally.compared;
    const auto found = index_.find(request.host);
    const auto wanted = naive_listener(listeners_, request.host);
    if (found.has_value() != wanted.has_value() || (found && *found != *wanted))
      return fmt::format("listener {} instead of {}", found ? int(*found) : -1, wanted ? int(*wanted) : -1);
    if (!found) ++tally.no_listener;
    if (!found) return {};
    const auto match = tables_[*found]->find(request.view());
    const auto naive = naive_[*found].find(request.view());
    if (!match) ++tally.no_route;
    const auto difference = explained_otherwise(*found, request.view(), match);
    if (!difference.empty()) return difference;
    const std::string got = match ? text_of(*match) : "no route";
    const std::string should = naive ? text_of(*naive) : "no route";
    return got == should ? std::string() : got + " instead of " + should;
  }

 private:
  void compile_all() {
    naive_.clear();
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      tables_[i] = compile(listeners_[i], {clusters_, metrics_}, tables_[i].get());
      naive_.emplace_back(listeners_[i]);
    }
  }

  /// The explanation ranks by itself: what it puts first must be what find() found.
  std::string explained_otherwise(std::size_t listener, const RequestView& request,
                                  const std::optional<Match>& found) const {
    const auto all = explain(listeners_[listener], *tables_[listener], request);
    const auto holds = std::count_if(all.begin(), all.end(), [](const Candidate& candidate) {
      return candidate.verdict == Verdict::serves;
    });
    if (holds != (found ? 1 : 0)) return fmt::format("{} candidates serve", holds);
    if (!found) return {};
    if (all.front().match->rule != found->rule || all.front().match->match != found->match)
      return "explained as " + text_of({all.front().match->rule, all.front().match->match});
    for (const auto& candidate : all)
      if (candidate.verdict > Verdict::other_query && ranks_above(candidate, all.front(), request))
        return "a better candidate lost";
    return {};
  }

  /// Whether the reference, with nothing but these two, would take `a`.
  static bool ranks_above(const Candidate& a, const Candidate& b, const RequestView& request) {
    const auto rank = [&](const Candidate& candidate) {
      const auto& path = candidate.match->match->path;
      const bool is_prefix = path.kind == ir::PathMatchKind::prefix;
      const int kind = is_prefix ? 2 : path.kind == ir::PathMatchKind::regex ? 1 : 0;
      return std::tuple(~naive_host_rank(candidate.hostname, request.host), kind,
                        ~(is_prefix ? naive_prefix(path.value) : path.value).size());
    };
    return rank(a) < rank(b);
  }

  static std::string text_of(const Match& match) {
    const auto& matches = match.rule->rule->matches;
    const auto number = matches.empty() ? 0 : match.match - matches.data();
    return fmt::format("{} rule {} match {}", match.rule->route->key, match.rule->rule_index, number);
  }
  static std::string text_of(const NaiveMatch& match) {
    return fmt::format("{} rule {} match {}", match.route->key, match.rule, match.match);
  }

  std::vector<ir::Listener> listeners_;
  Ids clusters_;
  Ids metrics_;
  ListenerIndex index_;
  std::vector<std::shared_ptr<const RouteTable>> tables_;
  std::vector<NaiveTable> naive_;
};

std::string text_of(const RandomRequest& request) {
  std::string text = fmt::format("{} {}{}?{}", request.method, request.host, request.path, request.query);
  for (const auto& field : request.headers) text += fmt::format(" [{}: {}]", field.name, field.value);
  return text;
}

/// False at the first mismatch, which is printed.
bool compare_tables_of(std::uint32_t seed, Tally& tally) {
  RandomTables random(seed);
  Socket socket(random.listeners());
  for (int generation = 0; generation < kGenerations; ++generation) {
    for (std::uint64_t i = 0; i < kRequestsPerTable; ++i) {
      const auto request = random.request();
      const auto difference = socket.compare(request, tally);
      if (difference.empty()) continue;
      fmt::print("seed {} generation {}: {}: {}\n", seed, generation, text_of(request), difference);
      return false;
    }
    socket.mutate(random);
  }
  return true;
}

/// Guards the program itself: every outcome must be common.
bool is_telling(const Tally& tally) {
  return tally.no_listener > tally.compared / 100 && tally.no_route > tally.compared / 20 &&
         tally.no_listener + tally.no_route < tally.compared * 4 / 5;
}

int run(std::uint64_t comparisons, std::uint32_t seed) {
  fmt::print("route_differential {} {}\n", comparisons, seed);
  Tally tally;
  for (; tally.compared < comparisons; ++seed)
    if (!compare_tables_of(seed, tally)) return 1;
  fmt::print("{} comparisons, 0 mismatches; {} met no listener, {} no route\n", tally.compared,
             tally.no_listener, tally.no_route);
  if (is_telling(tally)) return 0;
  fmt::print("the requests do not tell tables apart\n");
  return 1;
}

}  // namespace
}  // namespace gatehouse::routing::testing

int main(int argc, char** argv) {
  const auto comparisons = argc > 1 ? gatehouse::parse_decimal(argv[1]) : 100'000;
  const auto seed = argc > 2 ? gatehouse::parse_decimal(argv[2]) : 1;
  if (comparisons && seed)
    return gatehouse::routing::testing::run(*comparisons, static_cast<std::uint32_t>(*seed));
  fmt::print(stderr, "usage: route_differential [COMPARISONS [SEED]]\n");
  return 2;
}
