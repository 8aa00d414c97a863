// SPDX-License-Identifier: Apache-2.0
// Translates only what changed since the translation before, and joins it with the rest of that one.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "config/translate/changes.h"
#include "config/translate/draft.h"
#include "config/translate/route_traces.h"

namespace gatehouse::translate {

/// What is frequent in large clusters touches little. EndpointSlices: their clusters get new endpoints, and
/// nothing else is looked at. Routes, and those that name a changed Service: they alone are attached to the
/// Gateways of the translation before. What concerns nobody: nothing. Everything else (Gateways, policies,
/// certificates) takes the long way through all objects. Owned by the memo. The result is always that of the
/// long way, but for the order of warnings.
class ShortWays {
 public:
  explicit ShortWays(Memo& memo) : memo_(memo) {}

  Translation run(const objects::Snapshot& snapshot, const Options& options);

 private:
  void translate_all();
  void translate_routes(const RouteNames& names);
  /// Runs the passes that routes go through; `names` outlives the use of the draft.
  void draft_routes(const RouteNames& names);
  void forget_routes();

  void join_listeners(const Effects& effects);
  void join_statuses(const RouteNames& names, const Effects& effects);
  void join_route_statuses(const RouteNames& names);
  void join_policy_uses(const Effects& effects);
  void join_backend_statuses();
  void renew_clusters(const ClusterUses::Keys& keys);

  Memo& memo_;
  Options options_;
  ChangeTracker tracker_;
  /// Of the last long way, over the tracker's snapshot; without routes between translations.
  std::optional<Draft> draft_;
  Translation last_;
  RouteTraces traces_;
};

}  // namespace gatehouse::translate
