// SPDX-License-Identifier: Apache-2.0
#include "routing/path_regexes.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>
#include <unordered_map>

namespace gatehouse::routing {
PathRegexes::PathRegexes(std::span<const Ranked> sorted) {
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  std::vector<std::string_view> patterns;
  candidates_.reserve(sorted.size());
  for (const Ranked& ranked : sorted) {
    const std::string_view pattern = ranked.match->match->path.value;
    const auto [entry, is_new] = numbers.emplace(pattern, static_cast<std::uint32_t>(patterns.size()));
    if (is_new) patterns.push_back(pattern);
    candidates_.push_back({*ranked.match, entry->second});
  }
  if (patterns.size() <= kMaxSinglePatterns) return;

  by_pattern_.resize(candidates_.size());
  std::iota(by_pattern_.begin(), by_pattern_.end(), 0);
  std::stable_sort(by_pattern_.begin(), by_pattern_.end(), [this](std::uint32_t a, std::uint32_t b) {
    return candidates_[a].pattern < candidates_[b].pattern;
  });
  group_ends_.resize(patterns.size());
  for (std::uint32_t i = 0; i < by_pattern_.size(); ++i)
    group_ends_[candidates_[by_pattern_[i]].pattern] = i + 1;
  set_.emplace(patterns);
}

const CompiledMatch* PathRegexes::find(const RequestView& request) const {
  if (set_) {
    if (const auto patterns = set_->matches(request.path)) return find_among(*patterns, request);
  }
  return find_one_by_one(request);
}

const CompiledMatch* PathRegexes::find_one_by_one(const RequestView& request) const {
  enum class Known : std::uint8_t { no, matches, differs };
  std::array<Known, kMaxSinglePatterns> known{};
  for (const Candidate& candidate : candidates_) {
    Known spare = Known::no;
    Known& state = candidate.pattern < known.size() ? known[candidate.pattern] : spare;
    if (state == Known::differs || !candidate.match.conditions.hold(request)) continue;
    if (state == Known::no)
      state = candidate.match.path->matches(request.path) ? Known::matches : Known::differs;
    if (state == Known::matches) return &candidate.match;
  }
  return nullptr;
}

const CompiledMatch* PathRegexes::find_among(const std::vector<int>& patterns,
                                             const RequestView& request) const {
  std::vector<std::uint32_t> positions;
  for (const int pattern : patterns) {
    const auto index = static_cast<std::size_t>(pattern);
    const std::uint32_t begin = index == 0 ? 0 : group_ends_[index - 1];
    positions.insert(positions.end(), by_pattern_.begin() + begin, by_pattern_.begin() + group_ends_[index]);
  }
  std::sort(positions.begin(), positions.end());
  for (const std::uint32_t position : positions)
    if (candidates_[position].match.conditions.hold(request)) return &candidates_[position].match;
  return nullptr;
}

}  // namespace gatehouse::routing
