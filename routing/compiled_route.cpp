// SPDX-License-Identifier: Apache-2.0
#include "routing/compiled_route.h"

#include <algorithm>
#include <utility>

namespace gatehouse::routing {
namespace {

/// What a rule without matches stands for.
const ir::RouteMatch kMatchAll;

std::uint64_t weight_of(const ir::RouteRule& rule) {
  std::uint64_t total = 0;
  for (const ir::WeightedBackend& backend : rule.backends) total += backend.weight;
  return total;
}

}  // namespace

const CompiledRule::Target* pick(const CompiledRule& rule, std::uint64_t dice) {
  if (rule.total_weight == 0) return nullptr;
  const std::uint64_t point = dice % rule.total_weight;
  for (const CompiledRule::Target& target : rule.targets)
    if (point < target.cumulative_weight) return &target;
  return nullptr;
}

CompiledRoute::CompiledRoute(std::shared_ptr<const ir::HttpRoute> route, CompileIds ids)
    : route_(std::move(route)) {
  std::size_t targets = 0;
  std::size_t matches = 0;
  for (const ir::RouteRule& rule : route_->rules) {
    targets += rule.backends.size();
    matches += std::max<std::size_t>(rule.matches.size(), 1);
  }
  // Exact, and never exceeded: rules and matches keep pointers into these.
  targets_.reserve(targets);
  rules_.reserve(route_->rules.size());
  matches_.reserve(matches);
  for (const ir::RouteRule& rule : route_->rules) add_rule(rule, ids);
}

void CompiledRoute::add_rule(const ir::RouteRule& rule, CompileIds ids) {
  const std::size_t first = targets_.size();
  std::uint64_t cumulative = 0;
  for (const ir::WeightedBackend& backend : rule.backends) {
    cumulative += backend.weight;
    const auto cluster = backend.cluster.empty() ? kNoCluster : ids.clusters.id(backend.cluster);
    targets_.push_back({cluster, cumulative, &backend});
  }
  CompiledRule& compiled = rules_.emplace_back();
  compiled.route = route_.get();
  compiled.rule = &rule;
  compiled.rule_index = static_cast<std::uint32_t>(rules_.size() - 1);
  compiled.metric_slot = ids.metrics.id(route_->key);
  compiled.targets = std::span(targets_).subspan(first);
  compiled.total_weight = weight_of(rule);
  for (const ir::RouteMatch& match : rule.matches) add_match(compiled, match);
  if (rule.matches.empty()) add_match(compiled, kMatchAll);
}

void CompiledRoute::add_match(const CompiledRule& rule, const ir::RouteMatch& match) {
  CompiledMatch compiled;
  compiled.rule = &rule;
  compiled.match = &match;
  if (match.path.kind == ir::PathMatchKind::regex) {
    compiled.path = add_regex(match.path.value);
    if (compiled.path == nullptr) return;
  }
  if (!match.method.empty() || !match.headers.empty() || !match.query.empty()) {
    Conditions conditions;
    conditions.method = match.method;
    if (!add_conditions(match.headers, conditions.headers) || !add_conditions(match.query, conditions.query))
      return;
    compiled.conditions = &extras().conditions.emplace_back(std::move(conditions));
  }
  matches_.push_back(compiled);
}

bool CompiledRoute::add_conditions(const std::vector<ir::ValueMatch>& from, std::vector<ValueCondition>& to) {
  to.reserve(from.size());
  for (const ir::ValueMatch& match : from) {
    // Gateway API: of entries with equivalent names only the first is considered.
    if (std::any_of(to.begin(), to.end(), [&](const auto& c) { return c.source->name == match.name; }))
      continue;
    ValueCondition condition;
    condition.source = &match;
    if (match.kind == ir::ValueMatchKind::regex) {
      condition.regex = add_regex(match.value);
      if (condition.regex == nullptr) return false;
    }
    to.push_back(condition);
  }
  return true;
}

const Regex* CompiledRoute::add_regex(const std::string& pattern) {
  Regex regex(pattern);
  if (!regex.is_valid()) {
    ++invalid_patterns_;
    return nullptr;
  }
  return &extras().regexes.emplace_back(std::move(regex));
}

CompiledRoute::Extras& CompiledRoute::extras() {
  if (!extras_) extras_ = std::make_unique<Extras>();
  return *extras_;
}

}  // namespace gatehouse::routing
