// SPDX-License-Identifier: Apache-2.0
// The pass that makes clusters, once per backend in use.
#include <set>
#include <tuple>

#include "config/translate/clusters.h"
#include "config/translate/draft.h"
#include "config/translate/endpoints.h"

namespace gatehouse::translate {
namespace {

/// Sorted by cluster key, each once. What no served listener leads to keeps no backend alive.
std::map<std::string, const BackendTarget*> targets_in_use(const Draft& draft) {
  std::map<std::string, const BackendTarget*> targets;
  const auto add = [&targets](const std::vector<BackendTarget>& some) {
    for (const auto& target : some) targets.emplace(target.cluster, &target);
  };
  for (const auto& gateway : draft.gateways) {
    for (const auto& listener : gateway.listeners) {
      if (!gateway.serves(listener) || gateway.is_served_elsewhere) continue;
      add(listener.filter_targets);
      for (const auto& attachment : listener.attachments) {
        const auto& outcome = attachment.outcome();
        if (!outcome || !outcome->is_served()) continue;
        if (outcome->route || listener.takes_many_routes() || &attachment == oldest_l4(listener))
          add(outcome->targets);
      }
    }
  }
  return targets;
}

}  // namespace

void backends(Draft& draft) {
  const SliceIndex slices(draft.snapshot);
  ClusterSettings defaults;
  defaults.pool = draft.options.pool;
  std::set<std::tuple<std::string, std::string, std::string>> said;  // several ports and uses have one cause
  for (const auto& [key, target] : targets_in_use(draft)) {
    const auto& settings = target->settings ? *target->settings : defaults;
    auto list = endpoints_of(*target, slices, settings.zone_aware ? draft.options.zone : "", draft.options);
    if (list.endpoints.empty()) {
      auto why = why_no_endpoint(*target, list);
      if (said.emplace(why.object, why.field, why.reason).second)
        draft.warn(std::move(why.object), std::move(why.field), std::move(why.reason), std::move(why.fix));
    }
    draft.clusters.push_back(make_cluster(*target, settings, std::move(list.endpoints)));
  }
}

}  // namespace gatehouse::translate
