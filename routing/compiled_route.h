// SPDX-License-Identifier: Apache-2.0
// One HTTP route compiled: rules with their weighted targets, matches with their conditions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/regex.h"
#include "config/ir/route.h"
#include "routing/compiled_edits.h"
#include "routing/ids.h"
#include "routing/matchers.h"

namespace gatehouse::routing {

/// Stands in Target::cluster for a backend that has none (WeightedBackend::error_status is set).
inline constexpr std::uint32_t kNoCluster = UINT32_MAX;

/// The registries that compile() takes its numbers from; see Ids. Both outlive every table.
struct CompileIds {
  Ids& clusters;  ///< by ir::Cluster::key
  Ids& metrics;   ///< by ir::HttpRoute::key
};

/// The clusters that filters name, as numbers, in the order of the lists of `config`.
struct CompiledFilters {
  const ir::Filters* config = nullptr;
  std::vector<std::uint32_t> external_auth;  ///< kNoCluster: the reference is invalid
  std::vector<std::uint32_t> mirrors;
};

/// One rule: what a match leads to. Immutable, shared by all workers, owned by its CompiledRoute. What every
/// request needs stands here, so that a request to a cold rule of a large table touches few cache lines; the
/// rest is behind `rule`.
struct alignas(64) CompiledRule {
  struct Target {
    std::uint32_t cluster = 0;            ///< CompileIds::clusters, or kNoCluster
    std::uint64_t cumulative_weight = 0;  ///< this target's weight and those of all before it
    const ir::WeightedBackend* backend = nullptr;
    const CompiledFilters* filters = nullptr;  ///< null: none, or header edits only
    bool keeps_sessions = false;               ///< by the backend's own word
    CompiledEdits request_edits;
    CompiledEdits response_edits;
  };

  // the first line
  std::span<const Target> targets;  ///< a single one is `only`
  std::uint64_t total_weight = 0;
  const CompiledFilters* filters = nullptr;  ///< null: none, or header edits only
  CompiledEdits request_edits;
  CompiledEdits response_edits;
  std::uint32_t metric_slot = 0;  ///< CompileIds::metrics; the same for all rules of a route
  std::uint32_t retry_attempts = 0;
  bool keeps_sessions = false;
  bool has_timeouts = false;
  bool grpc = false;  ///< of a GRPCRoute
  // the second
  Target only;
  // seldom read
  ir::RouteTimeouts timeouts;
  const ir::HttpRoute* route = nullptr;
  const ir::RouteRule* rule = nullptr;
  std::uint32_t rule_index = 0;  ///< within its route

  /// Starts to fetch what the steps behind the match will read.
  void prefetch() const {
    request_edits.prefetch();
    response_edits.prefetch();
  }
};

/// The target whose share `dice` falls into: over any `total_weight` successive values of `dice` each target
/// is picked exactly `weight` times. Weight 0 is never picked; nullptr when all weights are 0 or there is no
/// backend.
const CompiledRule::Target* pick(const CompiledRule& rule, std::uint64_t dice);

/// One match of one rule, in one cache line.
struct alignas(64) CompiledMatch {
  const CompiledRule* rule = nullptr;
  const ir::RouteMatch* match = nullptr;
  Conditions conditions;
  const Regex* path = nullptr;  ///< only for PathMatchKind::regex
};

/// A whole route. Immutable once built and never moved; depends on nothing but the IR object and the never
/// recycled ids, so that any number of host tables of any number of runtimes share it.
class CompiledRoute {
 public:
  CompiledRoute(std::shared_ptr<const ir::HttpRoute> route, CompileIds ids);
  CompiledRoute(const CompiledRoute&) = delete;
  CompiledRoute& operator=(const CompiledRoute&) = delete;

  const std::shared_ptr<const ir::HttpRoute>& route() const { return route_; }
  std::span<const CompiledRule> rules() const { return rules_; }
  /// In rule order, then match order. A match with an invalid pattern is left out.
  std::span<const CompiledMatch> matches() const { return matches_; }
  std::uint32_t invalid_patterns() const { return invalid_patterns_; }

 private:
  void add_rule(const ir::RouteRule& rule, CompileIds ids);
  CompiledRule::Target make_target(const ir::WeightedBackend& backend, CompileIds ids);
  void add_match(const CompiledRule& rule, const ir::RouteMatch& match);
  /// How many; nullopt when a pattern is invalid.
  std::optional<std::uint32_t> add_conditions(const std::vector<ir::ValueMatch>& from);
  /// Null when there is nothing beyond header edits.
  const CompiledFilters* add_filters(const ir::Filters& filters, CompileIds ids);
  const Regex* add_regex(const std::string& pattern);

  std::shared_ptr<const ir::HttpRoute> route_;
  std::vector<CompiledRule::Target> targets_;  ///< of rules that have several
  std::vector<CompiledRule> rules_;
  std::vector<CompiledMatch> matches_;
  std::vector<ValueCondition> conditions_;
  std::vector<std::unique_ptr<const Regex>> regexes_;
  std::vector<std::unique_ptr<const CompiledFilters>> filters_;
  std::uint32_t invalid_patterns_ = 0;
};

}  // namespace gatehouse::routing
