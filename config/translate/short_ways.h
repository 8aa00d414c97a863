// SPDX-License-Identifier: Apache-2.0
// Translates only what changed since the translation before, and joins it with the rest of that one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/translate/changes.h"
#include "config/translate/draft.h"

namespace gatehouse::translate {

/// Two kinds of change are frequent in large clusters and touch little: EndpointSlices, whose clusters get
/// new endpoints while nothing else is looked at, and HTTPRoutes, which pass through all passes alone.
/// Everything else, and routes wherever policies could tie them to others, takes the long way through all
/// objects. Owned by the memo. The result is always that of the long way, but for the order of warnings.
class ShortWays {
 public:
  Translation run(const objects::Snapshot& snapshot, const Options& options, Memo& memo);

 private:
  using ListenerNames = std::set<const std::string*>;
  using CountChanges = std::map<const std::string*, std::int32_t>;

  /// What a route left behind that has to go when the route changes.
  struct Trace {
    std::shared_ptr<const RouteOutcome> outcome;
    std::vector<const std::string*> served;   ///< names of the listeners in the IR that have it
    std::vector<const std::string*> counted;  ///< of the listeners that count it as attached
  };
  struct ClusterUse {
    BackendTarget target;
    std::uint32_t count = 0;  ///< attachments and filters that lead there
  };
  /// What one pass over some routes changes elsewhere.
  struct Effects {
    CountChanges counts;
    ListenerNames listeners;
    std::set<std::string> clusters;
    std::vector<std::shared_ptr<const ir::HttpRoute>> gone;  ///< the routes as they were, sorted by address
  };

  void translate_all(const objects::Snapshot& snapshot, const Options& options, Memo& memo);
  void translate_routes(const std::vector<std::string>& names, const Options& options, Memo& memo);
  void translate_endpoints(const std::set<std::string>& services, const Options& options, Memo& memo);

  void trace(const Draft& draft, Effects& effects);
  void forget(const std::string& route, Effects& effects);
  void use(const BackendTarget& target, Effects& effects);
  void release(const BackendTarget& target, Effects& effects);

  void join(const std::vector<std::string>& names, Draft& draft, const Effects& effects);
  std::shared_ptr<const ir::Listener> with_routes(const std::shared_ptr<const ir::Listener>& before,
                                                  const ListenerDraft& draft, const Effects& effects) const;
  void change_counts(const Draft& draft, const CountChanges& counts);
  /// Makes the clusters anew that are named, and drops those of them that nobody uses any more.
  void renew_clusters(const std::set<std::string>& keys, const Options& options, Memo& memo);
  /// With all others that are made from the same Service or XBackend: they may have said the same about it.
  std::set<std::string> with_siblings(const std::set<std::string>& keys) const;
  std::shared_ptr<const ir::Cluster> make(const BackendTarget& target, const Options& options);
  const std::string* intern(const std::string& listener) { return &*listeners_.insert(listener).first; }

  ChangeTracker tracker_;
  bool has_last_ = false;
  Translation last_;
  std::map<std::string, Trace, std::less<>> traces_;
  std::map<std::string, ClusterUse, std::less<>> uses_;  ///< by cluster key
  std::set<std::string> listeners_;                      ///< names, each once for the life of the memo
};

}  // namespace gatehouse::translate
