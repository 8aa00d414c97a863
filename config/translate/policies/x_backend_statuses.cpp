// SPDX-License-Identifier: Apache-2.0
// The pass that says about each XBackend what became of it, for every Gateway that leads there.
#include "config/translate/condition.h"
#include "config/translate/draft.h"
#include "config/translate/policies/gateway_reach.h"

namespace gatehouse::translate {
namespace {

/// The API takes no more.
constexpr std::size_t kMaxAncestors = 32;

objects::PolicyAncestorStatus status_of(const objects::XBackend& backend, const GatewayDraft& gateway,
                                        const BackendResolver& resolver) {
  objects::PolicyAncestorStatus status;
  status.ancestor_ref.ns = gateway.object->meta.ns;
  status.ancestor_ref.name = gateway.object->meta.name;
  status.controller_name = gateway.controller_name;
  status.conditions = {
      condition_of("Accepted", resolver.judge(backend), "Accepted", "The backend can be used.")};
  observe(status.conditions, backend.meta);
  return status;
}

}  // namespace

void x_backend_statuses(Draft& draft) {
  if (!draft.snapshot.x_backends.empty()) add_x_backend_statuses(reaches_of(draft), draft);
}

void add_x_backend_statuses(const Reaches& reaches, Draft& draft) {
  for (const auto& gateway : draft.gateways) {
    const auto reach = reaches.find(gateway.object->meta.full_name());
    if (reach == reaches.end()) continue;
    for (const auto& [name, ways] : reach->second.x_backends) {
      auto& ancestors = draft.result.statuses.policies[objects::XBackend::kKind][name].ancestors;
      if (ancestors.size() < kMaxAncestors)
        ancestors.push_back(status_of(*draft.snapshot.x_backends.at(name), gateway, draft.backend_refs));
    }
  }
}

}  // namespace gatehouse::translate
