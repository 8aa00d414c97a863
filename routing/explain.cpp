// SPDX-License-Identifier: Apache-2.0
#include "routing/explain.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string>
#include <tuple>

#include "routing/precedence.h"

namespace gatehouse::routing {
namespace {

/// More is more specific; nullopt when `hostname` does not cover `host`. As HostIndex walks them.
std::optional<std::size_t> host_rank(std::string_view hostname, std::string_view host) {
  constexpr std::size_t kExact = HostIndex::kMaxHostBytes + 1;
  if (hostname.empty() || hostname == "*") return 0;
  if (host.empty() || host.size() > HostIndex::kMaxHostBytes) return std::nullopt;
  if (hostname == host) return kExact;
  if (!hostname.starts_with("*.")) return std::nullopt;
  const auto suffix = hostname.substr(1);
  if (host.size() <= suffix.size() || !host.ends_with(suffix)) return std::nullopt;
  return suffix.size();
}

struct Place {
  std::size_t host = 0;  ///< more first
  int path_type = 0;     ///< less first
  std::size_t length = 0;
  std::uint32_t specificity = 0;
};

/// A candidate with what orders it.
struct Entry {
  Candidate candidate;
  Place place;
  std::size_t order = 0;
  bool age_decides = true;

  const ir::RouteAge& age() const { return candidate.match->rule->route->age; }
};

bool same_place(const Place& a, const Place& b) {
  return std::tie(a.host, a.path_type, a.length, a.specificity) ==
         std::tie(b.host, b.path_type, b.length, b.specificity);
}

std::string_view ranked_text(const ir::PathMatch& path) {
  std::string_view text = path.value;
  if (path.kind == ir::PathMatchKind::prefix && text.ends_with('/')) text.remove_suffix(1);
  return text;
}

int type_rank(ir::PathMatchKind kind) {
  switch (kind) {
    case ir::PathMatchKind::exact:
      return 0;
    case ir::PathMatchKind::regex:
      return 1;
    case ir::PathMatchKind::prefix:
      break;
  }
  return 2;
}

bool path_holds(const CompiledMatch& match, std::string_view path) {
  if (match.path != nullptr) return match.path->matches(path);
  const auto text = ranked_text(match.match->path);
  if (match.match->path.kind == ir::PathMatchKind::exact) return path == text;
  if (!path.starts_with(text)) return text.empty();
  return path.size() == text.size() || path[text.size()] == '/' || text.empty();
}

/// The first condition that does not hold; Verdict::serves when all do.
void judge_conditions(Candidate& candidate, const RequestView& request) {
  const auto& conditions = candidate.match->conditions;
  const auto lose = [&candidate](Verdict verdict, std::string_view name) {
    candidate.verdict = verdict;
    candidate.name = name;
  };
  candidate.verdict = Verdict::serves;
  if (!path_holds(*candidate.match, request.path)) return lose(Verdict::other_path, {});
  if (!conditions.method.empty() && conditions.method != request.method)
    return lose(Verdict::other_method, {});
  for (std::uint32_t i = 0; i < conditions.header_count + conditions.query_count; ++i) {
    const ValueCondition& value = conditions.values[i];
    const bool is_header = i < conditions.header_count;
    const bool holds =
        is_header ? holds_for_headers(value, request.headers) : holds_for_query(value, request.query);
    if (!holds)
      return lose(is_header ? Verdict::other_header : Verdict::other_query, std::string(value.name()));
  }
}

Entry judge(const CompiledMatch& match, const std::vector<std::string>& hostnames,
            const RequestView& request) {
  Entry entry;
  entry.candidate.match = &match;
  std::optional<std::size_t> host;
  if (hostnames.empty()) host = 0;
  for (const auto& hostname : hostnames) {
    const auto rank = host_rank(hostname, request.host);
    if (!rank || (host && *host >= *rank)) continue;
    host = rank;
    entry.candidate.hostname = hostname;
  }
  entry.place = {host.value_or(0), type_rank(match.match->path.kind), ranked_text(match.match->path).size(),
                 specificity(match)};
  if (host) judge_conditions(entry.candidate, request);
  return entry;
}

bool ranks_above(const Entry& a, const Entry& b) {
  if (!same_place(a.place, b.place))
    return std::tie(b.place.host, a.place.path_type, b.place.length, b.place.specificity) <
           std::tie(a.place.host, b.place.path_type, a.place.length, a.place.specificity);
  if (a.age_decides && a.age().created != b.age().created) return a.age().created < b.age().created;
  return std::tie(a.age().name, a.order) < std::tie(b.age().name, b.order);
}

constexpr std::uint32_t kMethodBit = 1U << 31;
constexpr std::uint32_t kHeaderBits = 0x7fffU << 16;

Verdict lost_by(const Entry& loser, const Entry& winner) {
  if (loser.place.host != winner.place.host) return Verdict::less_specific_host;
  if (loser.place.path_type != winner.place.path_type) return Verdict::lower_path_type;
  if (loser.place.length != winner.place.length) return Verdict::shorter_path;
  const auto differ = loser.place.specificity ^ winner.place.specificity;
  if ((differ & kMethodBit) != 0) return Verdict::without_method;
  if ((differ & kHeaderBits) != 0) return Verdict::fewer_headers;
  if (differ != 0) return Verdict::fewer_query;
  if (winner.age_decides && loser.age().created != winner.age().created) return Verdict::younger;
  return loser.age().name != winner.age().name ? Verdict::later_name : Verdict::later_in_route;
}

/// One unknown age among matches of one place on one hostname makes the names decide among all of them (see
/// sort_by_precedence), whether or not they hold for this request.
void decide_by_names_where_ages_miss(std::vector<Entry>& holding, const ir::Listener& listener,
                                     const RouteTable& table) {
  for (Entry& entry : holding) {
    const auto& place = entry.place;
    const auto& path = entry.candidate.match->match->path;
    for (std::size_t i = 0; i < listener.routes.size() && entry.age_decides; ++i) {
      const auto& [route, hostnames] = listener.routes[i];
      const auto& hostname = entry.candidate.hostname;
      const bool beside = hostnames.empty()
                              ? hostname.empty()
                              : std::find(hostnames.begin(), hostnames.end(), hostname) != hostnames.end();
      if (!beside || route->age.created != 0) continue;
      for (const CompiledMatch& other : table.routes()[i]->matches()) {
        const auto& text = other.match->path;
        const bool same_path = text.kind == path.kind && (path.kind == ir::PathMatchKind::regex
                                                              ? text.value.size() == path.value.size()
                                                              : ranked_text(text) == ranked_text(path));
        if (same_path && specificity(other) == place.specificity) entry.age_decides = false;
      }
    }
  }
}

}  // namespace

std::vector<Candidate> explain(const ir::Listener& listener, const RouteTable& table,
                               const RequestView& request) {
  std::vector<Entry> holding;
  std::vector<Candidate> others;
  std::size_t order = 0;
  for (std::size_t i = 0; i < listener.routes.size(); ++i) {
    for (const CompiledMatch& match : table.routes()[i]->matches()) {
      Entry entry = judge(match, listener.routes[i].hostnames, request);
      entry.order = order++;
      if (entry.candidate.verdict == Verdict::serves)
        holding.push_back(entry);
      else
        others.push_back(entry.candidate);
    }
  }
  decide_by_names_where_ages_miss(holding, listener, table);
  std::sort(holding.begin(), holding.end(), ranks_above);

  const auto found = table.find(request);
  const auto serves = std::find_if(holding.begin(), holding.end(), [&](const Entry& entry) {
    return found && entry.candidate.match->rule == found->rule &&
           entry.candidate.match->match == found->match;
  });
  assert(found ? serves == holding.begin() && serves != holding.end() : holding.empty());
  if (serves != holding.end()) std::rotate(holding.begin(), serves, serves + 1);
  std::vector<Candidate> all;
  for (Entry& entry : holding) {
    if (&entry != &holding.front()) entry.candidate.verdict = lost_by(entry, holding.front());
    all.push_back(entry.candidate);
  }
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

}  // namespace gatehouse::routing
