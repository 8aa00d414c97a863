// SPDX-License-Identifier: Apache-2.0
// The table of contents of translate: its passes, in order.
#include "config/translate/translate.h"

#include <array>

#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

constexpr std::array kPasses{
    Pass{"gateway_classes", gateway_classes},
    Pass{"gateways", gateways},            // of the classes found before
    Pass{"listener_sets", listener_sets},  // of Gateways found before; their entries follow its own listeners
    Pass{"listeners", listeners},
    Pass{"listener_filters", listener_filters},  // only of listeners that are good so far
    Pass{"listener_conflicts", listener_conflicts},
    Pass{"addresses", addresses},
    Pass{"shared_sockets", shared_sockets},  // needs the addresses; a conflicted listener claims no socket
    Pass{"attach", attach},                  // needs supported kinds and hostnames of the listeners
    Pass{"http_routes", http_routes},        // only routes that have a parent of ours
    Pass{"backends", backends},              // only Service ports that routes use
    Pass{"assemble", assemble},
    Pass{"gateway_conditions", gateway_conditions},  // attachedRoutes counts the routes that were accepted
    Pass{"conditions", conditions},
};

}  // namespace

std::span<const Pass> translate_passes() {
  return kPasses;
}

Translation run_passes(std::span<const Pass> passes, const objects::Snapshot& snapshot,
                       const Options& options, Memo* memo) {
  Memo forgotten;
  Draft draft{snapshot, options, memo ? *memo : forgotten, {}, {}, {}, {}, {}, {}};
  draft.result.config = std::make_shared<const ir::Config>();
  for (const auto& pass : passes) pass.run(draft);
  return std::move(draft.result);
}

Translation translate(const objects::Snapshot& snapshot, const Options& options, Memo* memo) {
  return run_passes(kPasses, snapshot, options, memo);
}

std::shared_ptr<Memo> make_memo() {
  return std::make_shared<Memo>();
}

std::uint64_t routes_translated(const Memo& memo) {
  return memo.routes_translated;
}

}  // namespace gatehouse::translate
