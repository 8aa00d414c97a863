// SPDX-License-Identifier: Apache-2.0
#include "config/translate/policies/attachment.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

namespace gatehouse::translate {
namespace {

/// Oldest first; of two that are as old the first by namespace/name, then by kind.
std::vector<std::uint32_t> by_age(std::span<const PolicyHead> policies) {
  std::vector<std::uint32_t> order(policies.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto rank = [&policies](std::uint32_t i) {
    const auto& head = policies[i];
    return std::tuple(head.meta->creation_timestamp, head.meta->full_name(), head.kind);
  };
  std::sort(order.begin(), order.end(), [&rank](auto a, auto b) { return rank(a) < rank(b); });
  return order;
}

std::string readable(const PolicyHead& head, const objects::PolicyTargetReference& ref) {
  const auto section = ref.section_name.value_or("");
  const auto* word = ref.kind.ends_with("Route") ? "rule" : ref.kind == "Service" ? "port" : "listener";
  return fmt::format("{} {}/{}{}", ref.kind, head.meta->ns, ref.name,
                     section.empty() ? "" : fmt::format(" {} {}", word, section));
}

/// Gives `policy` those of `wanted` that nobody older has. Returns them.
FieldSet take_fields(const FieldSet& wanted, std::uint32_t policy, FieldSet& taken,
                     std::vector<std::uint32_t>& giver) {
  const auto won = wanted & ~taken;
  if (won.none()) return won;
  giver.resize(kMaxPolicyFields, kNoPolicy);
  for (std::size_t field = 0; field < won.size(); ++field)
    if (won[field]) giver[field] = policy;
  taken |= won;
  return won;
}

}  // namespace

PolicyUse& PolicyUse::operator|=(const PolicyUse& other) {
  effective |= other.effective;
  overridden |= other.overridden;
  effective_overrides |= other.effective_overrides;
  beaten_overrides |= other.beaten_overrides;
  return *this;
}

void add_uses(const PolicyUses& from, PolicyUses& to) {
  for (const auto& [key, use] : from) to[key] |= use;
}

FieldGiver giver_of(const PolicyChain& chain, std::size_t field) {
  for (auto target = chain.rbegin(); target != chain.rend(); ++target)
    if ((*target)->overrides[field]) return {(*target)->override_giver[field], *target, true};
  for (const auto* target : chain)
    if (target->fields[field]) return {target->field_giver[field], target, false};
  return {};
}

std::string target_key(std::string_view kind, std::string_view full_name, std::string_view section) {
  return section.empty() ? fmt::format("{}/{}", kind, full_name)
                         : fmt::format("{}/{}/{}", kind, full_name, section);
}

PolicyAttachments::PolicyAttachments(std::span<const PolicyHead> policies, const Check& check) {
  outcomes_.resize(policies.size());
  for (const auto policy : by_age(policies)) attach(policy, policies[policy], check);
}

void PolicyAttachments::attach(std::uint32_t policy, const PolicyHead& head, const Check& check) {
  for (const auto& ref : *head.target_refs) {
    references_[target_key(ref.kind, head.meta->ns + "/" + ref.name)].emplace_back(policy,
                                                                                   outcomes_[policy].size());
    auto& outcome = outcomes_[policy].emplace_back();
    outcome.verdict = check(head, ref);
    if (!outcome.verdict.ok) continue;
    auto key = target_key(ref.kind, head.meta->ns + "/" + ref.name, ref.section_name.value_or(""));
    auto& target = targets_[key];
    target.name = readable(head, ref);
    target.key = std::move(key);
    target.policies.push_back(policy);
    outcome.target = &target;
    outcome.given = take_fields(head.fields, policy, target.fields, target.field_giver);
    outcome.given_overrides = take_fields(head.overrides, policy, target.overrides, target.override_giver);
  }
}

bool PolicyAttachments::still_hold(std::string_view key, std::span<const PolicyHead> policies,
                                   const Check& check) const {
  const auto found = references_.find(key);
  if (found == references_.end()) return true;
  return std::all_of(found->second.begin(), found->second.end(), [&](const Place& place) {
    const auto& [policy, ref] = place;
    const auto& head = policies[policy];
    return check(head, (*head.target_refs)[ref]) == outcomes_[policy][ref].verdict;
  });
}

const TargetPolicies* PolicyAttachments::find(std::string_view key) const {
  const auto found = targets_.find(key);
  return found == targets_.end() ? nullptr : &found->second;
}

}  // namespace gatehouse::translate
