// SPDX-License-Identifier: Apache-2.0
#include "config/translate/policies/apply_traffic.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/translate/rule_settings.h"

namespace gatehouse::translate {
namespace {

using Part = TrafficField::Part;
using Targets = std::map<std::string, BackendTarget, std::less<>>;

/// Translates the rules of one route once more; lives for that only.
class VariantMaker {
 public:
  explicit VariantMaker(const VariantInput& input) : in_(input) {
    for (const auto& target : in_.outcome->targets) known_.emplace(target.cluster, target);
  }

  RouteVariant run() {
    auto route = std::make_shared<ir::HttpRoute>(*in_.outcome->route);
    for (std::size_t i = 0; i < route->rules.size(); ++i)
      apply_to_rule(route->rules[i], route->position_of(i), route->key);
    auto outcome = std::make_shared<RouteOutcome>(*in_.outcome);
    if (*route != *in_.outcome->route) outcome->route = std::move(route);
    outcome->targets = used_targets(*outcome->route);
    variant_.outcome = std::move(outcome);
    return std::move(variant_);
  }

 private:
  void apply_to_rule(ir::RouteRule& rule, std::size_t position, const std::string& route_key) {
    const auto base = in_.policies.rule_chain(in_.object, position, in_.listener, in_.kind);
    const auto own = own_settings(in_.object.rules[position]);
    std::vector<PolicyChain> chains;
    for (auto& backend : rule.backends) {
      if (backend.cluster.empty()) continue;
      auto chain = base;
      if (const auto* target = in_.policies.backend(backend.cluster)) chain.insert(chain.begin(), target);
      note_uses(chain, own);
      apply_cluster(backend, chain);
      chains.push_back(std::move(chain));
    }
    if (chains.empty()) note_uses(base, own);
    apply_rule_fields(rule, position, own, base, chains);
    const auto& name = in_.object.rules[position].name;
    apply_persistence(rule, own, base,
                      fmt::format("{}/{}", route_key, name.value_or(std::to_string(position))));
  }

  /// The targets that changed the cluster, the backend's own aside, are part of its key.
  void apply_cluster(ir::WeightedBackend& backend, const PolicyChain& chain) {
    EffectiveTraffic effective;
    effective.cluster = in_.defaults;
    std::vector<const TargetPolicies*> changers;
    const auto* own = in_.policies.backend(backend.cluster);
    const auto fields = traffic_fields();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].part != Part::cluster) continue;
      const auto giver = giver_of(chain, i);
      if (!giver) continue;
      fields[i].apply(in_.policies.settings_of(giver), effective);
      if (giver.target != own) changers.push_back(giver.target);
    }
    if (changers.empty()) return;
    auto target = known_.find(backend.cluster)->second;
    for (const auto* level : chain)
      if (std::find(changers.begin(), changers.end(), level) != changers.end())
        target.cluster += "@" + level->key;
    target.settings = std::make_shared<const ClusterSettings>(std::move(effective.cluster));
    backend.cluster = target.cluster;
    known_.emplace(target.cluster, std::move(target));
  }

  void apply_rule_fields(ir::RouteRule& rule, std::size_t position, const objects::TrafficSettings& own,
                         const PolicyChain& base, const std::vector<PolicyChain>& chains) {
    auto decided = rule_givers(in_.policies, base, chains);
    EffectiveTraffic effective;
    effective.timeouts = rule.timeouts;
    effective.retry = rule.retry;
    const auto fields = traffic_fields();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto& giver = decided.givers[i];
      const bool has_own = fields[i].is_set(own);
      if (has_own) decided.disputed.reset(i);
      if (giver && (giver.is_override || !has_own))
        fields[i].apply(in_.policies.settings_of(giver), effective);
    }
    rule.timeouts = effective.timeouts;
    rule.retry = effective.retry.attempts == 0 ? ir::RouteRetry{} : std::move(effective.retry);
    if (decided.disputed.any())
      variant_.disputes.push_back(fmt::format("spec.rules[{}]: the policies of its backends differ in {}",
                                              position, names_of(decided.disputed)));
  }

  /// The rule's own, then what an override says; then each backend's, and of the rule where it has none.
  void apply_persistence(ir::RouteRule& rule, const objects::TrafficSettings& own, const PolicyChain& base,
                         const std::string& rule_key) {
    const auto fields = traffic_fields();
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [](const auto& field) { return field.part == Part::persistence; });
    const auto number = static_cast<std::size_t>(found - fields.begin());
    const auto value_of = [&](const FieldGiver& giver) {
      return *in_.policies.settings_of(giver).session_persistence;
    };
    const auto giver = giver_of(base, number);
    if (found->is_set(own) && !giver.is_override) return;
    bool has_backend_policy = false;
    for (auto& backend : rule.backends) {
      const auto* target = in_.policies.backend(backend.cluster);
      if (giver.is_override || !target || !target->fields[number]) continue;
      has_backend_policy = true;
      if (backend.persistence.kind != ir::SessionPersistence::Kind::none) continue;  // an XBackend's own
      backend.persistence = to_persistence(value_of(giver_of({target}, number)), target->key);
    }
    if (!giver) return;
    if (!has_backend_policy) rule.persistence = to_persistence(value_of(giver), rule_key);
    for (auto& backend : rule.backends)
      if (has_backend_policy && backend.persistence.kind == ir::SessionPersistence::Kind::none)
        backend.persistence = to_persistence(value_of(giver), rule_key);
  }

  void note_uses(const PolicyChain& chain, const objects::TrafficSettings& own) {
    const auto fields = traffic_fields();
    for (const auto* target : chain) variant_.uses.try_emplace(target->key);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto giver = giver_of(chain, i);
      if (!giver) continue;
      if (!giver.is_override && !fields[i].is_set(own)) variant_.uses[giver.target->key].effective.set(i);
      if (!giver.is_override) continue;
      variant_.uses[giver.target->key].effective_overrides.set(i);
      for (const auto* target : chain) {
        if (target->fields[i]) variant_.uses[target->key].overridden.set(i);
        if (target->overrides[i] && target != giver.target)
          variant_.uses[target->key].beaten_overrides.set(i);
      }
    }
  }

  /// What the route leads to now: its rules' backends, and what its filters ask and copy to.
  std::vector<BackendTarget> used_targets(const ir::HttpRoute& route) {
    Targets used;
    const auto add = [&](const std::string& cluster) {
      const auto known = known_.find(cluster);
      if (known == known_.end()) return;
      auto& target = used.emplace(cluster, known->second).first->second;
      if (!target.settings) target.settings = backend_settings(in_.policies, cluster, in_.defaults);
    };
    const auto add_filters = [&](const ir::Filters& filters) {
      for (const auto& mirror : filters.mirrors) add(mirror.cluster);
      for (const auto& auth : filters.external_auth) add(auth->cluster);
    };
    for (const auto& rule : route.rules) {
      add_filters(rule.filters);
      for (const auto& backend : rule.backends) {
        add(backend.cluster);
        add_filters(backend.filters);
      }
    }
    std::vector<BackendTarget> targets;
    for (auto& [cluster, target] : used) targets.push_back(std::move(target));
    return targets;
  }

  const VariantInput& in_;
  Targets known_;
  RouteVariant variant_;
};

}  // namespace

RouteVariant apply_policies(const VariantInput& input) {
  return VariantMaker(input).run();
}

std::shared_ptr<const ClusterSettings> backend_settings(const TrafficPolicies& policies,
                                                        std::string_view cluster,
                                                        const ClusterSettings& defaults) {
  const auto* target = policies.backend(cluster);
  if (!target) return nullptr;
  EffectiveTraffic effective;
  effective.cluster = defaults;
  const auto fields = traffic_fields();
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].part == Part::cluster && target->fields[i])
      fields[i].apply(policies.settings_of(giver_of({target}, i)), effective);
  return std::make_shared<const ClusterSettings>(std::move(effective.cluster));
}

}  // namespace gatehouse::translate
