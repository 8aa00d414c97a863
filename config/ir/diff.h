// SPDX-License-Identifier: Apache-2.0
// What changed between two configurations, in words: the log lines of a reload and `gatehouse diff`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/ir/config.h"

namespace gatehouse::ir {

/// One listener, route or cluster.
struct Change {
  enum class Kind : std::uint8_t { listener, route, cluster };
  enum class Action : std::uint8_t { added, removed, changed };
  Kind kind = Kind::listener;
  Action action = Action::changed;
  std::string name;
  std::vector<std::string> details;  ///< of a change: "rule 0: backend Service/a/b/80 weight 1 -> 5"
  bool operator==(const Change&) const = default;
};
std::string_view name_of(Change::Kind kind);
std::string_view name_of(Change::Action action);

/// Every listener, route and cluster that was added, removed or changed, in that order and sorted by name.
/// Empty when the two are equal. Parts that are the same object cost one pointer comparison.
std::vector<Change> changes(const Config& before, const Config& after);

/// "route HTTPRoute/default/web changed: rule 0: retry added (attempts 2)".
std::string to_line(const Change& change);
/// All changes as lines.
std::vector<std::string> diff(const Config& before, const Config& after);

}  // namespace gatehouse::ir
