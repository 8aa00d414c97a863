// SPDX-License-Identifier: Apache-2.0
// The pass that says about each policy what became of it, target by target (GEP-713).
#include <fmt/format.h>

#include <algorithm>

#include "config/translate/draft.h"
#include "config/translate/policies/policy_draft.h"

namespace gatehouse::translate {
namespace {

/// The API takes no more.
constexpr std::size_t kMaxAncestors = 16;

constexpr const char* kTrue = "True";
constexpr const char* kFalse = "False";

/// One policy and what the passes before found out about all of them.
struct PolicyPlace {
  const PolicyDraft& draft;
  const TrafficPolicies& traffic;
  std::uint32_t number;

  const TrafficPolicy& policy() const { return traffic.policies()[number]; }
};

/// "BackendTrafficPolicy shop/a, BackendTrafficPolicy shop/b": the other policies of the target.
std::string others(const PolicyPlace& place, const TargetPolicies& target) {
  std::string names;
  for (const auto other : target.policies)
    if (other != place.number)
      names.append(names.empty() ? "" : ", ").append(place.traffic.policies()[other].name());
  return names;
}

objects::Condition accepted(const char* status, const char* reason, std::string message) {
  return {"Accepted", status, reason, std::move(message), 0};
}

/// Of what the policy gives its target, what overrides of other policies decide wherever it could come to
/// bear.
FieldSet beaten(const PolicyPlace& place, const AttachmentOutcome& outcome) {
  const auto found = place.draft.uses.find(outcome.target->key);
  if (found == place.draft.uses.end()) return {};
  const auto& use = found->second;
  return (outcome.given & use.overridden & ~use.effective & ~outcome.given_overrides) |
         (outcome.given_overrides & use.beaten_overrides & ~use.effective_overrides);
}

objects::Condition condition_of(const PolicyPlace& place, const AttachmentOutcome& outcome) {
  if (!outcome.verdict.ok) return accepted(kFalse, outcome.verdict.reason.c_str(), outcome.verdict.message);
  const auto& object = *place.policy().object;
  const auto& target = *outcome.target;
  const auto lost = (fields_of(object.settings) & ~outcome.given) |
                    (fields_of(object.overrides) & ~outcome.given_overrides);
  const auto name = place.policy().name();
  if (lost.any() && outcome.given.none() && outcome.given_overrides.none())
    return accepted(
        kFalse, "Conflicted",
        fmt::format("{}: all that it sets is set for {} by older policies: {}: remove one of them", name,
                    target.name, others(place, target)));
  if (lost.any())
    return accepted(kTrue, "Overridden",
                    fmt::format("{}: {} of {} is set by older policies: {}: remove it from one of them", name,
                                names_of(lost), target.name, others(place, target)));
  const auto overridden = beaten(place, outcome);
  if (overridden.any()) {
    const bool all = overridden == (outcome.given | outcome.given_overrides);
    return accepted(kTrue, "Overridden",
                    fmt::format("{}: overrides of Gateways decide about {} for {}: talk to their owners",
                                name, all ? "all that it sets" : names_of(overridden), target.name));
  }
  if (target.policies.front() != place.number)
    return accepted(kTrue, "Merged", fmt::format("It is applied together with {}.", others(place, target)));
  const bool in_use = place.draft.uses.contains(target.key);
  return accepted(
      kTrue, "Accepted",
      in_use ? "The policy is applied." : "The policy is valid, but no route that is served leads there.");
}

/// Upstream's kind may be another controller's business as well: what we do not use we say nothing about.
bool is_ours(const PolicyPlace& place, const AttachmentOutcome& outcome) {
  return place.policy().kind == objects::BackendTrafficPolicy::kKind || !outcome.verdict.ok ||
         place.draft.uses.contains(outcome.target->key);
}

objects::ParentReference ancestor_of(const TrafficPolicy& policy, const objects::PolicyTargetReference& ref) {
  objects::ParentReference ancestor;
  ancestor.group = ref.group;
  ancestor.kind = ref.kind;
  ancestor.ns = policy.object->meta.ns;
  ancestor.name = ref.name;
  ancestor.section_name = ref.section_name;
  return ancestor;
}

/// The last entry speaks for all that did not fit; what is wrong goes before what is right.
void aggregate(std::vector<objects::PolicyAncestorStatus>& ancestors) {
  if (ancestors.size() <= kMaxAncestors) return;
  const auto rest = ancestors.begin() + kMaxAncestors - 1;
  const auto is_bad = [](const auto& entry) { return entry.conditions.front().status == kFalse; };
  const auto bad = std::count_if(rest, ancestors.end(), is_bad);
  const auto shown = bad == 0 ? rest : std::find_if(rest, ancestors.end(), is_bad);
  if (shown != rest) *rest = std::move(*shown);
  rest->conditions.front().message += fmt::format(
      " This stands for {} more targets, {} of them not accepted.", ancestors.end() - rest - 1, bad);
  ancestors.resize(kMaxAncestors);
}

objects::PolicyStatus status_of(const PolicyPlace& place, const std::string& controller) {
  objects::PolicyStatus status;
  const auto& policy = place.policy();
  const auto& outcomes = place.traffic.attachments().outcomes()[place.number];
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!is_ours(place, outcomes[i])) continue;
    auto condition = condition_of(place, outcomes[i]);
    condition.observed_generation = policy.object->meta.generation;
    status.ancestors.push_back({ancestor_of(policy, policy.object->target_refs[i]), controller, {condition}});
  }
  aggregate(status.ancestors);
  return status;
}

}  // namespace

objects::PolicyStatus status_of(const PolicyDraft& policies, std::uint32_t policy, const Options& options) {
  return status_of({policies, *policies.traffic, policy}, options.controller_names.front());
}

void policy_statuses(Draft& draft) {
  if (!draft.policies) return;
  const auto& policies = draft.policies->traffic->policies();
  for (std::uint32_t i = 0; i < policies.size(); ++i) {
    auto status = status_of(*draft.policies, i, draft.options);
    if (status.ancestors.empty()) continue;
    auto& statuses = draft.result.statuses.policies[policies[i].kind];
    statuses.emplace(policies[i].object->meta.full_name(), std::move(status));
  }
}

}  // namespace gatehouse::translate
