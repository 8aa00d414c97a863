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
  if (rule.targets.size() == 1) return rule.targets.data();
  const std::uint64_t point = dice % rule.total_weight;
  for (const CompiledRule::Target& target : rule.targets)
    if (point < target.cumulative_weight) return &target;
  return nullptr;
}

CompiledRoute::CompiledRoute(std::shared_ptr<const ir::HttpRoute> route, CompileIds ids)
    : route_(std::move(route)) {
  std::size_t targets = 0;
  std::size_t matches = 0;
  std::size_t conditions = 0;
  for (const ir::RouteRule& rule : route_->rules) {
    targets += rule.backends.size();
    matches += std::max<std::size_t>(rule.matches.size(), 1);
    for (const ir::RouteMatch& match : rule.matches) conditions += match.headers.size() + match.query.size();
  }
  // Never exceeded: rules and matches keep pointers into these.
  targets_.reserve(targets);
  rules_.reserve(route_->rules.size());
  matches_.reserve(matches);
  conditions_.reserve(conditions);
  for (const ir::RouteRule& rule : route_->rules) add_rule(rule, ids);
}

CompiledRule::Target CompiledRoute::make_target(const ir::WeightedBackend& backend, CompileIds ids) {
  CompiledRule::Target target;
  target.cluster = backend.cluster.empty() ? kNoCluster : ids.clusters.id(backend.cluster);
  target.cumulative_weight = backend.weight;
  target.backend = &backend;
  target.filters = add_filters(backend.filters, ids);
  target.keeps_sessions = backend.persistence.kind != ir::SessionPersistence::Kind::none;
  target.request_edits = CompiledEdits(backend.filters.request_headers);
  target.response_edits = CompiledEdits(backend.filters.response_headers);
  return target;
}

void CompiledRoute::add_rule(const ir::RouteRule& rule, CompileIds ids) {
  CompiledRule& compiled = rules_.emplace_back();
  if (rule.backends.size() == 1) {
    compiled.only = make_target(rule.backends.front(), ids);
    compiled.targets = std::span(&compiled.only, 1);
  } else {
    const std::size_t first = targets_.size();
    std::uint64_t cumulative = 0;
    for (const ir::WeightedBackend& backend : rule.backends) {
      targets_.push_back(make_target(backend, ids));
      targets_.back().cumulative_weight = cumulative += backend.weight;
    }
    compiled.targets = std::span(targets_).subspan(first);
  }
  compiled.route = route_.get();
  compiled.rule = &rule;
  compiled.rule_index = static_cast<std::uint32_t>(rules_.size() - 1);
  compiled.metric_slot = ids.metrics.id(route_->key);
  compiled.total_weight = weight_of(rule);
  compiled.filters = add_filters(rule.filters, ids);
  compiled.timeouts = rule.timeouts;
  compiled.has_timeouts = rule.timeouts != ir::RouteTimeouts();
  compiled.grpc = route_->grpc;
  compiled.retry_attempts = rule.retry.attempts;
  compiled.keeps_sessions = rule.persistence.kind != ir::SessionPersistence::Kind::none;
  compiled.request_edits = CompiledEdits(rule.filters.request_headers);
  compiled.response_edits = CompiledEdits(rule.filters.response_headers);
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
  const std::size_t first = conditions_.size();
  const auto headers = add_conditions(match.headers);
  const auto query = add_conditions(match.query);
  if (!headers || !query) return;
  compiled.conditions = {match.method, conditions_.data() + first, *headers, *query};
  matches_.push_back(compiled);
}

std::optional<std::uint32_t> CompiledRoute::add_conditions(const std::vector<ir::ValueMatch>& from) {
  const std::size_t first = conditions_.size();
  for (const ir::ValueMatch& match : from) {
    // Gateway API: of entries with equivalent names only the first is considered.
    const auto added = std::span(conditions_).subspan(first);
    if (std::any_of(added.begin(), added.end(), [&](const auto& c) { return c.name() == match.name; }))
      continue;
    const Regex* regex = nullptr;
    if (match.kind == ir::ValueMatchKind::regex) {
      regex = add_regex(match.value);
      if (regex == nullptr) return std::nullopt;
    }
    conditions_.emplace_back(match.name, match.value, regex);
  }
  return static_cast<std::uint32_t>(conditions_.size() - first);
}

const CompiledFilters* CompiledRoute::add_filters(const ir::Filters& filters, CompileIds ids) {
  const bool only_header_edits = !filters.redirect && !filters.cors && filters.external_auth.empty() &&
                                 filters.mirrors.empty() && !filters.rewrite;
  if (only_header_edits) return nullptr;
  const auto id_of = [&ids](const std::string& cluster) {
    return cluster.empty() ? kNoCluster : ids.clusters.id(cluster);
  };
  auto compiled = std::make_unique<CompiledFilters>();
  compiled->config = &filters;
  for (const auto& auth : filters.external_auth) compiled->external_auth.push_back(id_of(auth->cluster));
  for (const auto& mirror : filters.mirrors) compiled->mirrors.push_back(id_of(mirror.cluster));
  filters_.push_back(std::move(compiled));
  return filters_.back().get();
}

const Regex* CompiledRoute::add_regex(const std::string& pattern) {
  auto regex = std::make_unique<const Regex>(pattern);
  if (!regex->is_valid()) {
    ++invalid_patterns_;
    return nullptr;
  }
  regexes_.push_back(std::move(regex));
  return regexes_.back().get();
}

}  // namespace gatehouse::routing
