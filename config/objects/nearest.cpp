// SPDX-License-Identifier: Apache-2.0
// Levenshtein distance over short words.
#include "config/objects/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/text.h"

namespace gatehouse::objects {
namespace {

constexpr std::size_t kLongestWord = 64;

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (to_lower(a[i]) == to_lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j + 1] + 1, row[j] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates) {
  if (text.size() > kLongestWord) return {};
  std::string_view best;
  std::size_t least = 1 + text.size() / 3;
  for (const auto candidate : candidates) {
    const auto edits = distance(text, candidate);
    if (edits > least || (edits == least && !best.empty())) continue;
    least = edits;
    best = candidate;
  }
  return best;
}

std::string suggest(std::string_view text, std::span<const std::string_view> candidates) {
  const auto meant = nearest(text, candidates);
  return meant.empty() ? std::string() : fmt::format("did you mean {}?", meant);
}

}  // namespace gatehouse::objects
