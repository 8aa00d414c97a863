// SPDX-License-Identifier: Apache-2.0
// Consistent hashing: which endpoint a key belongs to, with few keys moving when endpoints come and go.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "config/ir/cluster.h"

namespace gatehouse::routing::balance {

/// The same for the same text in every process and version: replicas agree on where a key belongs.
std::uint64_t stable_hash(std::string_view text, std::uint64_t seed = 0);

/// A circle of slots, each naming an endpoint by its place in the cluster's list. A key belongs to the first
/// slot at or behind its own place whose endpoint is ready, so the keys of one that fails spread over the
/// rest and come back with it, and no other key moves. Immutable; built on the control thread, shared by all
/// workers.
class HashTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  /// Maglev's table size: a prime, much larger than any usual number of endpoints. Beyond it, and beyond
  /// kMostSlots of a ring, further endpoints get no key.
  static constexpr std::uint32_t kMaglevSlots = 65'537;
  static constexpr std::size_t kMostSlots = 65'536;
  static constexpr std::size_t kMostSlotsPerEndpoint = 160;

  static std::shared_ptr<const HashTable> build_ring(const std::vector<ir::Endpoint>& endpoints);
  static std::shared_ptr<const HashTable> build_maglev(const std::vector<ir::Endpoint>& endpoints);
  /// By the cluster's load balancer; null when that hashes nothing.
  static std::shared_ptr<const HashTable> build(const ir::Cluster& cluster);

  /// kNone when no endpoint is ready. `is_ready(endpoint)` is asked until one is: once, as a rule.
  template <typename IsReady>
  std::uint32_t find(std::uint64_t key, IsReady is_ready) const {
    const std::size_t start = slot_of(key);
    for (std::size_t at = start; at < slots_.size(); ++at)
      if (is_ready(slots_[at])) return slots_[at];
    for (std::size_t at = 0; at < start; ++at)
      if (is_ready(slots_[at])) return slots_[at];
    return kNone;
  }

  std::size_t size() const { return slots_.size(); }
  std::uint32_t operator[](std::size_t slot) const { return slots_[slot]; }

 private:
  std::size_t slot_of(std::uint64_t key) const {
    if (points_.empty()) return slots_.empty() ? 0 : key % slots_.size();
    const auto at = std::lower_bound(points_.begin(), points_.end(), key);
    return at == points_.end() ? 0 : static_cast<std::size_t>(at - points_.begin());
  }

  std::vector<std::uint64_t> points_;  ///< of a ring, sorted, one per slot; a Maglev table has none
  std::vector<std::uint16_t> slots_;
};

}  // namespace gatehouse::routing::balance
