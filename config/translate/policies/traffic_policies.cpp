// SPDX-License-Identifier: Apache-2.0
#include "config/translate/policies/traffic_policies.h"

#include <fmt/format.h>

#include <algorithm>

namespace gatehouse::translate {
namespace {

std::vector<PolicyHead> heads_of(const std::vector<TrafficPolicy>& policies) {
  std::vector<PolicyHead> heads;
  heads.reserve(policies.size());
  for (const auto& policy : policies)
    heads.push_back({policy.kind, &policy.object->meta, &policy.object->target_refs,
                     fields_of(policy.object->settings), fields_of(policy.object->overrides)});
  return heads;
}

/// "Service/ns/name" of "Service/ns/name/80@Gateway/ns/gw".
std::string_view backend_of(std::string_view cluster) {
  std::size_t end = 0;
  for (int parts = 0; parts < 3 && end != cluster.npos; ++parts)
    end = cluster.find('/', parts == 0 ? 0 : end + 1);
  return cluster.substr(0, std::min(end, cluster.find('@')));
}

bool same_chains(const PolicyChain& a, const PolicyChain& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto* x, const auto* y) { return x->key == y->key; });
}

bool same_outcomes(const std::vector<AttachmentOutcome>& a, const std::vector<AttachmentOutcome>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.verdict == y.verdict; });
}

}  // namespace

TrafficPolicies::TrafficPolicies(std::vector<TrafficPolicy> policies, const PolicyAttachments::Check& check)
    : policies_(std::move(policies)), attachments_(heads_of(policies_), check) {}

const PolicyChain& TrafficPolicies::listener(std::string_view name) const {
  static const PolicyChain kNone;
  const auto found = listeners_.find(name);
  return found == listeners_.end() ? kNone : found->second;
}

PolicyChain TrafficPolicies::rule_chain(const objects::HttpRoute& route, std::size_t rule,
                                        const PolicyChain& chain, std::string_view kind) const {
  PolicyChain result;
  const auto name = route.meta.full_name();
  const auto& section = route.rules[rule].name;
  const auto* of_rule = section ? attachments_.find(target_key(kind, name, *section)) : nullptr;
  const auto* of_route = attachments_.find(target_key(kind, name));
  if (of_rule) result.push_back(of_rule);
  if (of_route) result.push_back(of_route);
  result.insert(result.end(), chain.begin(), chain.end());
  return result;
}

const TargetPolicies* TrafficPolicies::backend(std::string_view cluster) const {
  return cluster.empty() ? nullptr : attachments_.find(backend_of(cluster));
}

bool TrafficPolicies::still_hold(std::string_view key, const PolicyAttachments::Check& check) const {
  return !attachments_.name(key) || attachments_.still_hold(key, heads_of(policies_), check);
}

bool TrafficPolicies::is_same_as(const TrafficPolicies& other) const {
  const auto same_source = [](const auto& a, const auto& b) { return a.source == b.source; };
  const auto same_listener = [](const auto& a, const auto& b) {
    return a.first == b.first && same_chains(a.second, b.second);
  };
  const auto& mine = attachments_.outcomes();
  const auto& theirs = other.attachments_.outcomes();
  return std::equal(policies_.begin(), policies_.end(), other.policies_.begin(), other.policies_.end(),
                    same_source) &&
         std::equal(mine.begin(), mine.end(), theirs.begin(), theirs.end(), same_outcomes) &&
         std::equal(listeners_.begin(), listeners_.end(), other.listeners_.begin(), other.listeners_.end(),
                    same_listener);
}

const objects::TrafficSettings& TrafficPolicies::settings_of(const FieldGiver& giver) const {
  const auto& object = *policies_[giver.policy].object;
  return giver.is_override ? object.overrides : object.settings;
}

std::string TrafficPolicies::origin_of(const FieldGiver& giver) const {
  return fmt::format("{}{} at {}", policies_[giver.policy].name(), giver.is_override ? " overrides" : "",
                     giver.target->name);
}

objects::TrafficSettings own_settings(const objects::HttpRouteRule& rule) {
  objects::TrafficSettings settings;
  settings.timeouts.emplace();
  settings.timeouts->request = rule.timeouts.request;
  settings.timeouts->backend_request = rule.timeouts.backend_request;
  settings.session_persistence = rule.session_persistence;
  if (!rule.retry) return settings;
  settings.retry.emplace();
  settings.retry->attempts = rule.retry->attempts;
  settings.retry->backoff = rule.retry->backoff;
  if (!rule.retry->codes.empty()) settings.retry->codes = rule.retry->codes;
  return settings;
}

RuleGivers rule_givers(const TrafficPolicies& policies, const PolicyChain& base,
                       const std::vector<PolicyChain>& chains) {
  const auto fields = traffic_fields();
  RuleGivers result;
  result.givers.resize(fields.size());
  const auto value_of = [&](std::size_t field, const FieldGiver& giver) {
    return giver ? fields[field].text(policies.settings_of(giver)) : std::string();
  };
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].part != TrafficField::Part::rule) continue;
    auto& giver = result.givers[i];
    giver = giver_of(chains.empty() ? base : chains.front(), i);
    for (const auto& chain : chains)
      if (value_of(i, giver_of(chain, i)) != value_of(i, giver)) result.disputed.set(i);
    if (result.disputed[i]) giver = giver_of(base, i);
  }
  return result;
}

namespace {

/// Who gives each field; of the rule's fields for all of its backends together.
std::vector<FieldGiver> givers_of(const TrafficPolicies& policies, const PolicyScope& scope) {
  const auto& route = *scope.route;
  const auto base = policies.rule_chain(route, scope.rule, policies.listener(scope.listener));
  const auto with = [&base](const TargetPolicies* backend) {
    auto chain = base;
    if (backend) chain.insert(chain.begin(), backend);
    return chain;
  };
  std::vector<PolicyChain> chains;
  for (const auto& ref : route.rules[scope.rule].backend_refs)
    chains.push_back(with(policies.backend(
        target_key(ref.kind, fmt::format("{}/{}", ref.ns.value_or(route.meta.ns), ref.name)))));
  auto givers = rule_givers(policies, base, chains).givers;
  const auto chain = with(policies.backend(scope.backend));
  for (std::size_t i = 0; i < givers.size(); ++i)
    if (traffic_fields()[i].part != TrafficField::Part::rule) givers[i] = giver_of(chain, i);
  return givers;
}

}  // namespace

std::vector<EffectiveField> effective_fields(const TrafficPolicies* policies, const PolicyScope& scope) {
  std::vector<EffectiveField> result;
  const auto& route = *scope.route;
  const auto own = own_settings(route.rules[scope.rule]);
  const auto fields = traffic_fields();
  const auto givers = policies ? givers_of(*policies, scope) : std::vector<FieldGiver>(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].is_set(own) && !givers[i].is_override) {
      const auto from =
          fmt::format("HTTPRoute {}: spec.rules[{}].{}", route.meta.full_name(), scope.rule, fields[i].name);
      result.push_back({fields[i].name, fields[i].text(own), from});
    } else if (givers[i]) {
      result.push_back(
          {fields[i].name, fields[i].text(policies->settings_of(givers[i])), policies->origin_of(givers[i])});
    }
  }
  return result;
}

}  // namespace gatehouse::translate
