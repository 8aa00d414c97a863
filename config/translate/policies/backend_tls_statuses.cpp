// SPDX-License-Identifier: Apache-2.0
// The pass that says about each BackendTLSPolicy what became of it, for every Gateway that leads to a Service
// it is for.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/translate/condition.h"
#include "config/translate/draft.h"
#include "config/translate/policies/backend_tls.h"

namespace gatehouse::translate {
namespace {

/// The API takes no more.
constexpr std::size_t kMaxAncestors = 16;

using Ports = std::set<ServicePortName>;

/// Everything with a policy that the Gateway sends requests to, or would if the policy were good.
Ports ports_behind(const GatewayDraft& gateway) {
  Ports ports;
  for (const auto& listener : gateway.listeners) {
    ports.insert(listener.filter_secured.begin(), listener.filter_secured.end());
    for (const auto& attachment : listener.attachments)
      if (const auto* outcome = attachment.outcome())
        ports.insert(outcome->secured.begin(), outcome->secured.end());
  }
  return ports;
}

bool is_for(const objects::BackendTlsPolicy& policy, const objects::PolicyTargetReference& ref,
            const ServicePortName& port) {
  return port.service == policy.meta.ns + "/" + ref.name &&
         (!ref.section_name || *ref.section_name == port.port);
}

/// One policy as one Gateway sees it.
class PolicyView {
 public:
  PolicyView(const BackendTlsPolicies& all, std::size_t number, const Ports& ports)
      : all_(all), policy_(all.policies()[number]) {
    const auto& refs = policy_.object->target_refs;
    const auto& outcomes = all.attachments().outcomes()[number];
    for (std::size_t i = 0; i < refs.size(); ++i) {
      const auto leads_there = [&](const auto& port) { return is_for(*policy_.object, refs[i], port); };
      if (outcomes[i].target && std::any_of(ports.begin(), ports.end(), leads_there))
        outcomes_.push_back(&outcomes[i]);
    }
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
  for (const auto& gateway : draft.gateways) {
    const auto ports = ports_behind(gateway);
    if (ports.empty()) continue;
    for (std::size_t i = 0; i < all.policies().size(); ++i) {
      const PolicyView view(all, i, ports);
      if (!view.is_concerned()) continue;
      auto& status =
          draft.result.statuses
              .policies[objects::BackendTlsPolicy::kKind][all.policies()[i].object->meta.full_name()];
      if (status.ancestors.size() < kMaxAncestors)
        status.ancestors.push_back({ancestor_of(gateway), gateway.controller_name, view.conditions()});
    }
  }
}

}  // namespace gatehouse::translate
