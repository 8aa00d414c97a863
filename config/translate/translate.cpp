// SPDX-License-Identifier: Apache-2.0
// The table of contents of translate: its passes, in order.
#include "config/translate/translate.h"

#include <array>

#include "config/translate/draft.h"
#include "config/translate/short_ways.h"

namespace gatehouse::translate {
namespace {

constexpr std::array kPasses{
    Pass{"gateway_classes", gateway_classes},
    Pass{"gateways", gateways},  // of the classes found before
    Pass{"gateway_certificates", gateway_certificates},
    Pass{"listener_sets", listener_sets},  // of Gateways found before; their entries follow its own listeners
    Pass{"listeners", listeners},
    Pass{"listener_tls", listener_tls},          // adds to what the pass before found
    Pass{"listener_filters", listener_filters},  // only of listeners that are good so far
    Pass{"listener_conflicts", listener_conflicts},
    Pass{"addresses", addresses},
    Pass{"shared_sockets", shared_sockets},  // needs the addresses; a conflicted listener claims no socket
    Pass{"overlaps", overlaps},              // of listeners that are good
    Pass{"attach", attach},                  // needs supported kinds and hostnames of the listeners
    Pass{"policies", policies},              // needs all that can be a target
    Pass{"routes", routes},                  // only those that have a parent of ours
    Pass{"policy_variants", policy_variants},
    Pass{"client_certificates", client_certificates},  // last of those that change clusters
    Pass{"backends", backends},                        // only Service ports that routes use
    Pass{"assemble", assemble},
    Pass{"gateway_conditions", gateway_conditions},  // attachedRoutes counts the routes that were accepted
    Pass{"conditions", conditions},
    Pass{"policy_statuses", policy_statuses},
    Pass{"backend_tls_statuses", backend_tls_statuses},
    Pass{"x_backend_statuses", x_backend_statuses},
};

}  // namespace

std::span<const Pass> translate_passes() {
  return kPasses;
}

Draft make_draft(const objects::Snapshot& snapshot, const Options& options, Memo& memo) {
  Draft draft{snapshot, options, memo, {}, {}, {}, {}, {}, {}};
  draft.result.config = std::make_shared<const ir::Config>();
  return draft;
}

Translation run_passes(std::span<const Pass> passes, const objects::Snapshot& snapshot,
                       const Options& options, Memo* memo) {
  Memo forgotten;
  auto draft = make_draft(snapshot, options, memo ? *memo : forgotten);
  for (const auto& pass : passes) pass.run(draft);
  return std::move(draft.result);
}

Translation translate(const objects::Snapshot& snapshot, const Options& options, Memo* memo) {
  // Whether a dedicated Gateway's pods are ready is in EndpointSlices, which the short ways take for
  // backends.
  const bool serves_elsewhere =
      options.address_mode == AddressMode::dedicated && options.only_gateway.empty();
  if (!memo || serves_elsewhere) return run_passes(kPasses, snapshot, options, memo);
  if (!memo->short_ways) memo->short_ways = std::make_shared<ShortWays>(*memo);
  return memo->short_ways->run(snapshot, options);
}

std::shared_ptr<Memo> make_memo() {
  return std::make_shared<Memo>();
}

const MemoCounts& counts_of(const Memo& memo) {
  return memo.counts;
}

}  // namespace gatehouse::translate
