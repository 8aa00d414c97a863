// SPDX-License-Identifier: Apache-2.0
// Everything that one hostname serves.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "routing/compiled_route.h"
#include "routing/path_regexes.h"
#include "routing/path_trie.h"
#include "routing/precedence.h"

namespace gatehouse::routing {

/// The matches of all routes attached to one hostname, ordered once. Immutable, any thread; shared by every
/// RouteTable in which this hostname has the same routes; keeps them alive.
class HostTable {
 public:
  using Routes = std::vector<std::shared_ptr<const CompiledRoute>>;

  explicit HostTable(Routes routes);

  /// Exact paths, then regular expressions, then prefixes from the longest up. nullptr when nothing matches.
  const CompiledMatch* find(const RequestView& request) const;

  const Routes& routes() const { return routes_; }

 private:
  /// The matches that end at one trie node: exact ones first, both in order of precedence.
  struct Stop {
    std::uint32_t begin = 0;
    std::uint32_t exact_count = 0;
    std::uint32_t prefix_count = 0;
    std::uint32_t above = PathTrie::kNone;  ///< the nearest ancestor with prefix matches
  };

  std::vector<Ranked> rank_paths();
  std::vector<Ranked> rank_regexes() const;
  void fill_stops(const std::vector<Ranked>& sorted);
  const CompiledMatch* first_of(std::uint32_t begin, std::uint32_t count, const RequestView& request) const;

  Routes routes_;
  PathTrie trie_;
  std::vector<Stop> stops_;  ///< by trie node
  std::vector<CompiledMatch> matches_;
  std::unique_ptr<const PathRegexes> regexes_;  ///< null when there are none
};

}  // namespace gatehouse::routing
