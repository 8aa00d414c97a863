// SPDX-License-Identifier: Apache-2.0
// The regular-expression paths of one host, in order of precedence.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/regex.h"
#include "routing/compiled_route.h"
#include "routing/precedence.h"

namespace gatehouse::routing {

/// Up to this many different patterns are tried one by one; beyond, all are matched in one pass, which
/// allocates.
inline constexpr std::size_t kMaxSinglePatterns = 16;

/// Immutable, any thread. Points into compiled routes that its owner keeps alive.
class PathRegexes {
 public:
  /// `sorted` by precedence; every match has a path regex.
  explicit PathRegexes(std::span<const Ranked> sorted);

  /// The first match whose conditions hold and whose pattern matches the whole path; nullptr if none.
  const CompiledMatch* find(const RequestView& request) const;

 private:
  struct Candidate {
    CompiledMatch match;
    std::uint32_t pattern;
  };

  const CompiledMatch* find_one_by_one(const RequestView& request) const;
  const CompiledMatch* find_among(const std::vector<int>& patterns, const RequestView& request) const;

  std::vector<Candidate> candidates_;
  std::vector<std::uint32_t> by_pattern_;  ///< positions in candidates_, grouped by pattern
  std::vector<std::uint32_t> group_ends_;  ///< per pattern: end of its group in by_pattern_
  std::optional<RegexSet> set_;
};

}  // namespace gatehouse::routing
