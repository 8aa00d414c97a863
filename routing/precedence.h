// SPDX-License-Identifier: Apache-2.0
// Which of several matching rules wins: the order of Gateway API, below the hostname.
#pragma once

#include <cstdint>
#include <vector>

#include "routing/compiled_route.h"

namespace gatehouse::routing {

/// A match and where it stands. `place` orders by path (lower first) and is the caller's business.
struct Ranked {
  std::uint64_t place = 0;
  std::uint32_t specificity = 0;
  std::uint32_t ordinal = 0;  ///< position in the configuration; within a route: rule order, then match order
  const CompiledMatch* match = nullptr;
};

/// Method given, then number of headers, then number of query parameters, as one number: more is better.
std::uint32_t specificity(const CompiledMatch& match);

/// Sorts by place, specificity, age of the route, its namespace/name, ordinal. An unknown age ties with every
/// age; as that alone is no order (1970 < 2000, yet both tie with unknown), one unknown age among matches
/// that are equal in place and specificity makes the names decide among all of them.
void sort_by_precedence(std::vector<Ranked>& matches);

}  // namespace gatehouse::routing
