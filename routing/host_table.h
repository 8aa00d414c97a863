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
  std::vector<Ranked> rank_paths(PathTrieBuilder& trie) const;
  std::vector<Ranked> rank_regexes() const;
  void add_matches(const std::vector<Ranked>& sorted, PathTrieBuilder& trie);
  const CompiledMatch* first_of(std::uint32_t begin, std::uint32_t count, const RequestView& request) const;

  /// Serves every request, if there is just one match and it asks for nothing: the most common host.
  const CompiledMatch* only_ = nullptr;
  Routes routes_;
  PathTrie trie_;
  std::vector<CompiledMatch> matches_;          ///< what the trie's stops refer to
  std::unique_ptr<const PathRegexes> regexes_;  ///< null when there are none
};

}  // namespace gatehouse::routing
