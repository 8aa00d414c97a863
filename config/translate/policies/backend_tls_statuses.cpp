// SPDX-License-Identifier: Apache-2.0
// The pass that says about each BackendTLSPolicy what became of it, for every Gateway that leads to a Service
// it is for.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/translate/condition.h"
#include "config/translate/draft.h"
#include "config/translate/policies/backend_tls.h"
#include "config/translate/policies/gateway_reach.h"

namespace gatehouse::translate {
namespace {

/// The API takes no more.
constexpr std::size_t kMaxAncestors = 16;

using Ports = std::map<ServicePortName, std::uint32_t>;

/// Whether `ref` of `policy` is for some of `ports`.
bool is_for(const objects::BackendTlsPolicy& policy, const objects::PolicyTargetReference& ref,
            const Ports& ports) {
  ServicePortName wanted{policy.meta.ns + "/" + ref.name, ref.section_name.value_or("")};
  const auto first = ports.lower_bound(wanted);
  if (first == ports.end() || first->first.service != wanted.service) return false;
  return !ref.section_name || first->first.port == wanted.port;
}

/// One policy as one Gateway sees it.
class PolicyView {
 public:
  PolicyView(const BackendTlsPolicies& all, std::size_t number, const Ports& ports)
      : all_(all), policy_(all.policies()[number]) {
    const auto& refs = policy_.object->target_refs;
    const auto& outcomes = all.attachments().outcomes()[number];
    for (std::size_t i = 0; i < refs.size(); ++i)
      if (outcomes[i].target && is_for(*policy_.object, refs[i], ports)) outcomes_.push_back(&outcomes[i]);
  }

  bool is_concerned() const { return !outcomes_.empty(); }

  std::vector<objects::Condition> conditions() const {
    std::vector<objects::Condition> conditions{
        condition_of("Accepted", accepted(), "Accepted", message()),
        condition_of("ResolvedRefs", policy_.tls->resolved_refs, "ResolvedRefs",
                     "All references are resolved."),
    };
    observe(conditions, policy_.object->meta);
    return conditions;
  }

 private:
  /// Lost to an older policy at all of its targets, or at some.
  std::string losses() const {
    std::string text;
    for (const auto* outcome : outcomes_) {
      if (outcome->given.any()) continue;
      const auto& winner = all_.policies()[outcome->target->field_giver.front()];
      text += fmt::format("{}{} has the older BackendTLSPolicy {}", text.empty() ? "" : "; ",
                          outcome->target->name, winner.object->meta.full_name());
    }
    return text;
  }

  Verdict accepted() const {
    const bool lost_all = std::none_of(outcomes_.begin(), outcomes_.end(),
                                       [](const auto* outcome) { return outcome->given.any(); });
    if (lost_all)
      return Verdict::bad("Conflicted",
                          fmt::format("BackendTLSPolicy {}: spec.targetRefs: {}: remove one of them",
                                      policy_.object->meta.full_name(), losses()));
    return policy_.tls->accepted;
  }

  std::string message() const {
    const auto lost = losses();
    return lost.empty() ? "The policy is applied." : fmt::format("The policy is applied, but {}.", lost);
  }

  const BackendTlsPolicies& all_;
  const BackendTlsPolicies::Policy& policy_;
  std::vector<const AttachmentOutcome*> outcomes_;
};

objects::ParentReference ancestor_of(const GatewayDraft& gateway) {
  objects::ParentReference ancestor;
  ancestor.ns = gateway.object->meta.ns;
  ancestor.name = gateway.object->meta.name;
  return ancestor;
}

/// What no status can say: no Gateway stands for a target that does not exist.
void warn_of_targets(Draft& draft, const BackendTlsPolicies& all) {
  for (std::size_t i = 0; i < all.policies().size(); ++i)
    for (const auto& outcome : all.attachments().outcomes()[i])
      if (!outcome.verdict.ok)
        draft.warn("BackendTLSPolicy " + all.policies()[i].object->meta.full_name(), "spec.targetRefs",
                   outcome.verdict.message,
                   "name a Service of its namespace, and a port of that by its name");
}

}  // namespace

void backend_tls_statuses(Draft& draft) {
  const auto& all = draft.backend_refs.tls_policies();
  if (all.empty()) return;
  warn_of_targets(draft, all);
  add_backend_tls_statuses(reaches_of(draft), draft);
}

void add_backend_tls_statuses(const Reaches& reaches, Draft& draft) {
  const auto& all = draft.backend_refs.tls_policies();
  auto& statuses = draft.result.statuses.policies;
  for (const auto& gateway : draft.gateways) {
    const auto reach = reaches.find(gateway.object->meta.full_name());
    if (reach == reaches.end() || reach->second.secured.empty()) continue;
    for (std::size_t i = 0; i < all.policies().size(); ++i) {
      const PolicyView view(all, i, reach->second.secured);
      if (!view.is_concerned()) continue;
      auto& status = statuses[objects::BackendTlsPolicy::kKind][all.policies()[i].object->meta.full_name()];
      if (status.ancestors.size() < kMaxAncestors)
        status.ancestors.push_back({ancestor_of(gateway), gateway.controller_name, view.conditions()});
    }
  }
}

}  // namespace gatehouse::translate
