// SPDX-License-Identifier: Apache-2.0
// From the status an object has and the one it should have to the one that is written. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "controller/status_diff.h"

namespace gatehouse::controller {

/// A condition of ours that changed for the user: Accepted, Programmed or ResolvedRefs turned False, or True
/// after it had been False.
struct ConditionChange {
  enum class Turn : std::uint8_t { bad, good };
  Turn turn = Turn::bad;
  std::string where;  ///< "", "listener http", "parent gateways/web", "ancestor gateways/web"
  std::string type;
  std::string reason;
  std::string message;
};

struct StatusMerge {
  AnyStatus desired;          ///< monostate: the object is none of ours, entries of ours in it go
  std::string_view observed;  ///< JSON of the status, "" when there is none
  std::int64_t generation = 0;
  const std::vector<std::string>& controller_names;  ///< whose parents and ancestors are ours
  std::string_view now;                              ///< RFC 3339
  /// Not null where several of us with one controller name see parts of the cluster: entries of ours whose
  /// Gateway or ListenerSet has no status in here are another part's, and stay.
  const objects::Statuses* seen = nullptr;
  std::string_view ns = {};  ///< of the object
};

struct MergedStatus {
  enum class Outcome : std::uint8_t {
    unchanged,
    changed,
    outdated,  ///< desired was said of another generation than the object's, and what is there is newer
  };
  Outcome outcome = Outcome::unchanged;
  std::string status;  ///< JSON, when changed
  std::vector<ConditionChange> changes;
};

/// Rule K8. Parents and ancestors of other controllers, conditions of types that are not ours and fields that
/// are not known stay as they are, in their place; lastTransitionTime stays while the condition's status
/// does.
MergedStatus merge_status(const StatusMerge& in);

}  // namespace gatehouse::controller
