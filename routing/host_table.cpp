// SPDX-License-Identifier: Apache-2.0
#include "routing/host_table.h"

#include <string_view>
#include <utility>

namespace gatehouse::routing {
namespace {

/// Fetched while the match itself is: the lines of a rule that every request reads.
constexpr int kLinesAhead = 2;

/// Gateway API: the trailing slash of a prefix is ignored, so "/" becomes the root of all paths.
std::string_view without_trailing_slash(std::string_view prefix) {
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix;
}

}  // namespace

HostTable::HostTable(Routes routes) : routes_(std::move(routes)) {
  PathTrieBuilder trie;
  auto paths = rank_paths(trie);
  sort_by_precedence(paths);
  add_matches(paths, trie);
  trie_ = PathTrie(trie);
  auto regexes = rank_regexes();
  sort_by_precedence(regexes);
  if (!regexes.empty()) regexes_ = std::make_unique<const PathRegexes>(regexes);
  const bool is_catch_all = matches_.size() == 1 && trie_.root().prefix_count == 1;
  if (is_catch_all && !regexes_ && matches_.front().conditions.empty()) only_ = &matches_.front();
}

std::vector<Ranked> HostTable::rank_paths(PathTrieBuilder& trie) const {
  std::vector<Ranked> ranked;
  std::uint32_t ordinal = 0;
  for (const auto& route : routes_) {
    for (const CompiledMatch& match : route->matches()) {
      ++ordinal;
      const ir::PathMatch& path = match.match->path;
      if (path.kind == ir::PathMatchKind::regex) continue;
      const bool is_prefix = path.kind == ir::PathMatchKind::prefix;
      const std::string_view text = is_prefix ? without_trailing_slash(path.value) : path.value;
      // A path that does not start with '/' is on no request's way; only the root prefix is empty.
      if (!text.starts_with('/') && !(is_prefix && text.empty())) continue;
      const std::uint64_t node = trie.insert(text);
      ranked.push_back({node << 1 | (is_prefix ? 1U : 0U), specificity(match), ordinal, &match});
    }
  }
  return ranked;
}

std::vector<Ranked> HostTable::rank_regexes() const {
  std::vector<Ranked> ranked;
  std::uint32_t ordinal = 0;
  for (const auto& route : routes_) {
    for (const CompiledMatch& match : route->matches()) {
      ++ordinal;
      if (match.path == nullptr) continue;
      const auto& path = match.match->path;
      const std::uint64_t rank = path.rank != 0 ? path.rank : path.value.size();
      ranked.push_back({UINT64_MAX - rank, specificity(match), ordinal, &match});
    }
  }
  return ranked;
}

void HostTable::add_matches(const std::vector<Ranked>& sorted, PathTrieBuilder& trie) {
  matches_.reserve(sorted.size());
  for (const Ranked& ranked : sorted) {
    PathStop& stop = trie.stop(static_cast<std::uint32_t>(ranked.place >> 1));
    const bool is_prefix = (ranked.place & 1) != 0;
    if (stop.exact_count + stop.prefix_count == 0) {
      stop.begin = static_cast<std::uint32_t>(matches_.size());
      const auto& conditions = ranked.match->conditions;
      stop.next = conditions.header_count + conditions.query_count != 0
                      ? reinterpret_cast<const char*>(conditions.values)
                      : reinterpret_cast<const char*>(ranked.match->rule);
    }
    ++(is_prefix ? stop.prefix_count : stop.exact_count);
    matches_.push_back(*ranked.match);
  }
}

const CompiledMatch* HostTable::first_of(std::uint32_t begin, std::uint32_t count,
                                         const RequestView& request) const {
  for (std::uint32_t i = begin; i < begin + count; ++i)
    if (matches_[i].conditions.empty() || matches_[i].conditions.hold(request)) return &matches_[i];
  return nullptr;
}

const CompiledMatch* HostTable::find(const RequestView& request) const {
  if (only_ != nullptr) return only_;
  const PathTrie::Walk walk = trie_.walk(request.path);
  const PathStop& deepest = trie_.stop(walk.deepest);
  if (deepest.next != nullptr)
    for (int line = 0; line < kLinesAhead; ++line) __builtin_prefetch(deepest.next + line * 64);
  if (walk.whole && deepest.exact_count != 0) {
    if (const auto* match = first_of(deepest.begin, deepest.exact_count, request)) return match;
  }
  if (regexes_) {
    if (const auto* match = regexes_->find(request)) return match;
  }
  for (std::uint32_t node = walk.deepest; node != PathTrie::kNone; node = trie_.above(node)) {
    const PathStop& stop = trie_.stop(node);
    if (const auto* match = first_of(stop.begin + stop.exact_count, stop.prefix_count, request)) return match;
  }
  return nullptr;
}

}  // namespace gatehouse::routing
