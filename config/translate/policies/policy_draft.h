// SPDX-License-Identifier: Apache-2.0
// What the policy passes hand on to each other, and remember for the next translation.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "config/translate/policies/apply_traffic.h"

namespace gatehouse::translate {

struct PolicyDraft {
  std::shared_ptr<const TrafficPolicies> traffic;
  PolicyUses uses;  ///< on all served listeners together
};

/// Of a policy by its number in `traffic`. Without ancestors: nothing is said about it.
objects::PolicyStatus status_of(const PolicyDraft& policies, std::uint32_t policy, const Options& options);

struct PolicyMemo {
  using Key = std::pair<std::string, std::string>;  ///< route, and the policies of the listener
  struct Entry {
    std::shared_ptr<const RouteOutcome> from;
    RouteVariant variant;
  };
  using Variants = std::map<Key, Entry>;

  std::shared_ptr<const TrafficPolicies> traffic;
  bool policies_changed = true;  ///< since the translation before
  Variants variants;
  std::uint64_t variants_made = 0;
};

}  // namespace gatehouse::translate
