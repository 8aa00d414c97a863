// SPDX-License-Identifier: Apache-2.0
// Which clusters are in use, and how often: what nobody leads to is not served.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/objects/problem.h"
#include "config/translate/changes.h"
#include "config/translate/memo.h"

namespace gatehouse::translate {

/// Follows routes as they come and go, and makes clusters anew one by one. Owned by the short ways.
class ClusterUses {
 public:
  using Keys = std::set<std::string>;

  void clear() { uses_.clear(); }
  /// Both add the key to `changed` when the cluster comes or goes thereby.
  void use(const BackendTarget& target, Keys& changed);
  void release(const BackendTarget& target, Keys& changed);

  /// The clusters whose endpoints are in slices of `services`, or are selected in their namespaces.
  Keys fed_by(const std::set<std::string>& services) const;

  /// What renew() joins with: the configuration and what was said about it.
  struct Place {
    std::shared_ptr<const ir::Config>& config;
    std::vector<objects::Problem>& warnings;
    MemoCounts& counts;
  };
  /// Makes the clusters anew that are named, and drops those of them that nobody uses any more.
  void renew(const Keys& keys, const ChangeTracker& objects, const Options& options, const Place& place);

 private:
  struct Use {
    BackendTarget target;
    std::uint32_t count = 0;  ///< attachments and filters that lead there
  };

  /// With all others that are made from the same Service or XBackend: they may have said the same about it.
  Keys with_siblings(const Keys& keys) const;

  std::map<std::string, Use, std::less<>> uses_;  ///< by cluster key
};

}  // namespace gatehouse::translate
