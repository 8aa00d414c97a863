// SPDX-License-Identifier: Apache-2.0
// The passes that attach policies and change routes accordingly.
#include <fmt/format.h>

#include <algorithm>

#include "config/translate/draft.h"
#include "config/translate/policies/policy_draft.h"
#include "config/translate/policies/targets.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kX = objects::XBackendTrafficPolicy::kKind;

std::shared_ptr<const objects::BackendTrafficPolicy> as_own_kind(const objects::XBackendTrafficPolicy& x) {
  auto policy = std::make_shared<objects::BackendTrafficPolicy>();
  policy->meta = x.meta;
  policy->target_refs = x.target_refs;
  policy->settings.retry_constraint = x.retry_constraint;
  policy->settings.session_persistence = x.session_persistence;
  return policy;
}

std::vector<TrafficPolicy> collect(const objects::Snapshot& snapshot) {
  std::vector<TrafficPolicy> policies;
  for (const auto& [name, object] : snapshot.backend_traffic_policies)
    policies.push_back({objects::BackendTrafficPolicy::kKind, object, object});
  for (const auto& [name, object] : snapshot.x_backend_traffic_policies)
    policies.push_back({kX, as_own_kind(*object), object});
  return policies;
}

PolicyChain chain_of(const GatewayDraft& gateway, const ListenerDraft& listener,
                     const PolicyAttachments& attachments) {
  const auto name = gateway.object->meta.full_name();
  const std::string_view section = listener.spec->name;
  std::vector<std::string> keys;
  if (listener.set) {
    const auto set = listener.set->object->meta.full_name();
    keys = {target_key(objects::ListenerSet::kKind, set, section),
            target_key(objects::ListenerSet::kKind, set)};
  } else {
    keys = {target_key(objects::Gateway::kKind, name, section)};
  }
  keys.push_back(target_key(objects::Gateway::kKind, name));
  PolicyChain chain;
  for (const auto& key : keys)
    if (const auto* target = attachments.find(key)) chain.push_back(target);
  return chain;
}

/// The same keys mean the same policies, as long as the policies are the same.
std::string signature(const PolicyChain& chain) {
  std::string text;
  for (const auto* target : chain) text += "@" + target->key;
  return text;
}

bool concerns(const TrafficPolicies& policies, const RouteDraft& route, const RouteOutcome& outcome) {
  const auto& attachments = policies.attachments();
  const auto name = route.object->meta.full_name();
  const auto kind = name_of(route.kind);
  const auto has_policy = [&](const auto& target) { return policies.backend(target.cluster) != nullptr; };
  const auto has_rule_policy = [&](const auto& rule) {
    return rule.name && attachments.find(target_key(kind, name, *rule.name));
  };
  return attachments.find(target_key(kind, name)) != nullptr ||
         std::any_of(route.object->rules.begin(), route.object->rules.end(), has_rule_policy) ||
         std::any_of(outcome.targets.begin(), outcome.targets.end(), has_policy);
}

/// Makes the variants of one translation, or takes them over from the one before.
class VariantPass {
 public:
  explicit VariantPass(Draft& draft)
      : draft_(draft), traffic_(*draft.policies->traffic), memo_(*draft.memo.policies) {
    defaults_.pool = draft.options.pool;
  }

  void run() {
    for (auto& gateway : draft_.gateways)
      for (auto& listener : gateway.listeners)
        if (gateway.serves(listener)) visit(listener);
    for (const auto& [key, entry] : next_) report(key.first, entry);
    if (!draft_.only)
      for (const auto& route : draft_.routes) add_uses(route.uses, draft_.policies->uses);
    remember();
  }

 private:
  void visit(ListenerDraft& listener) {
    const auto& chain = traffic_.listener(listener.name);
    const auto scope = signature(chain);
    for (auto& target : listener.filter_targets)
      target.settings = backend_settings(traffic_, target.cluster, defaults_);
    for (auto& attachment : listener.attachments) {
      const auto& route = *attachment.route;
      if (!route.outcome || !route.outcome->route) {
        set_backend_policies(attachment);
        continue;
      }
      if (chain.empty() && !concerns(traffic_, route, *route.outcome)) continue;
      const auto& variant = variant_of(route, chain, scope);
      add_uses(variant.uses, uses_of(attachment));
      attachment.variant = variant.outcome;
    }
  }

  /// Of a route below HTTP only the backends' own policies count.
  void set_backend_policies(AttachmentDraft& attachment) {
    const auto& outcome = attachment.outcome();
    if (!outcome || !outcome->l4) return;
    auto changed = std::make_shared<RouteOutcome>(*outcome);
    bool any = false;
    for (auto& target : changed->targets) {
      target.settings = backend_settings(traffic_, target.cluster, defaults_);
      if (!target.settings) continue;
      any = true;
      const auto* policies = traffic_.backend(target.cluster);
      uses_of(attachment)[policies->key].effective |= policies->fields;
    }
    if (any) attachment.variant = std::move(changed);
  }

  const RouteVariant& variant_of(const RouteDraft& route, const PolicyChain& chain,
                                 const std::string& scope) {
    const PolicyMemo::Key key{route.title(), scope};
    auto& entry = next_[key];
    if (entry.from == route.outcome) return entry.variant;
    const auto known = memo_.variants.find(key);
    const auto* before = known == memo_.variants.end() ? nullptr : &known->second;
    if (before && before->from == route.outcome && !memo_.policies_changed) {
      entry = *before;
      return entry.variant;
    }
    entry.from = route.outcome;
    entry.variant = make(route, chain, before);
    ++memo_.variants_made;
    return entry.variant;
  }

  /// A variant that equals the one before carries its route on.
  RouteVariant make(const RouteDraft& route, const PolicyChain& chain, const PolicyMemo::Entry* before) {
    auto variant =
        apply_policies({traffic_, chain, *route.object, name_of(route.kind), route.outcome, defaults_});
    if (!before || variant.outcome->route == route.outcome->route) return variant;
    const auto& old = before->variant.outcome->route;
    if (old == variant.outcome->route || *old != *variant.outcome->route) return variant;
    auto outcome = std::make_shared<RouteOutcome>(*variant.outcome);
    outcome->route = old;
    variant.outcome = std::move(outcome);
    return variant;
  }

  void report(const std::string& route, const PolicyMemo::Entry& entry) {
    for (const auto& dispute : entry.variant.disputes)
      draft_.warn(route, dispute, "none of them is used", "attach one policy to the rule or the route");
  }

  PolicyUses& uses_of(const AttachmentDraft& attachment) {
    return draft_.routes[static_cast<std::size_t>(attachment.route - draft_.routes.data())].uses;
  }

  void remember() {
    auto& known = memo_.variants;
    if (!draft_.only) return known.swap(next_);
    for (const auto& name : *draft_.only) {
      const auto title = name.title();
      auto at = known.lower_bound({title, {}});
      while (at != known.end() && at->first.first == title) at = known.erase(at);
    }
    known.merge(next_);
  }

  Draft& draft_;
  const TrafficPolicies& traffic_;
  PolicyMemo& memo_;
  PolicyMemo::Variants next_;
  ClusterSettings defaults_;
};

}  // namespace

void policies(Draft& draft) {
  auto& memo = draft.memo.policies;
  auto collected = collect(draft.snapshot);
  if (collected.empty()) {
    memo.reset();
    return;
  }
  const PolicyTargetCheck check(draft);
  auto traffic = std::make_shared<TrafficPolicies>(
      std::move(collected), [&check](const auto& policy, const auto& ref) { return check(policy, ref); });
  for (const auto& gateway : draft.gateways)
    for (const auto& listener : gateway.listeners)
      if (auto chain = chain_of(gateway, listener, traffic->attachments()); !chain.empty())
        traffic->add_listener(listener.name, std::move(chain));

  if (!memo) memo = std::make_shared<PolicyMemo>();
  memo->policies_changed = !memo->traffic || !memo->traffic->is_same_as(*traffic);
  if (memo->policies_changed) memo->traffic = std::move(traffic);
  draft.policies = std::make_shared<PolicyDraft>();
  draft.policies->traffic = memo->traffic;
  draft.result.policies = memo->traffic;
}

void policy_variants(Draft& draft) {
  if (draft.policies) VariantPass(draft).run();
}

}  // namespace gatehouse::translate
