// SPDX-License-Identifier: Apache-2.0
#include "routing/precedence.h"

#include <algorithm>
#include <tuple>

namespace gatehouse::routing {
namespace {

const ir::RouteAge& age_of(const Ranked& ranked) {
  return ranked.match->rule->route->age;
}

bool more_specific(const Ranked& a, const Ranked& b) {
  return std::tie(a.place, b.specificity) < std::tie(b.place, a.specificity);
}

bool named_first(const Ranked& a, const Ranked& b) {
  return std::tie(age_of(a).name, a.ordinal) < std::tie(age_of(b).name, b.ordinal);
}

bool older(const Ranked& a, const Ranked& b) {
  if (age_of(a).created != age_of(b).created) return age_of(a).created < age_of(b).created;
  return named_first(a, b);
}

}  // namespace

std::uint32_t specificity(const CompiledMatch& match) {
  const auto headers = std::min<std::uint32_t>(match.conditions.header_count, 0x7fff);
  const auto query = std::min<std::uint32_t>(match.conditions.query_count, 0xffff);
  const std::uint32_t method = match.conditions.method.empty() ? 0 : 1;
  return method << 31 | headers << 16 | query;
}

void sort_by_precedence(std::vector<Ranked>& matches) {
  std::sort(matches.begin(), matches.end(), more_specific);
  for (auto first = matches.begin(); first != matches.end();) {
    auto last = first + 1;
    bool all_known = age_of(*first).created != 0;
    for (; last != matches.end() && !more_specific(*first, *last); ++last)
      all_known = all_known && age_of(*last).created != 0;
    if (last - first > 1) std::sort(first, last, all_known ? older : named_first);
    first = last;
  }
}

}  // namespace gatehouse::routing
