// SPDX-License-Identifier: Apache-2.0
// Small, dense, stable numbers for names that outlive one configuration.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gatehouse::routing {

/// Gives every name one number for the life of the process: 0, 1, 2, ... in order of first use, never
/// recycled. Compiled routes hold these numbers, so a host that did not change is shared by any number of
/// runtimes, however their cluster lists differ; a worker indexes a plain vector with them. A name costs
/// about 100 bytes for ever. Owned by whoever compiles; control thread only. Workers see the numbers, never
/// this class.
class Ids {
 public:
  std::uint32_t id(std::string_view name) {
    if (const auto known = numbers_.find(name); known != numbers_.end()) return known->second;
    const auto number = static_cast<std::uint32_t>(names_.size());
    const std::string& kept = names_.emplace_back(name);
    numbers_.emplace(kept, number);
    return number;
  }

  /// One more than the largest number given so far: what a worker's vector must hold.
  std::uint32_t size() const { return static_cast<std::uint32_t>(names_.size()); }
  const std::string& name(std::uint32_t id) const { return names_[id]; }

 private:
  std::deque<std::string> names_;  ///< a deque, because the map's keys are views into it
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

}  // namespace gatehouse::routing
