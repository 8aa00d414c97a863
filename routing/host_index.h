// SPDX-License-Identifier: Apache-2.0
// Hostnames with wildcards, found from the most to the least specific.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "routing/hash_index.h"

namespace gatehouse::routing {

/// Maps "a.example.com", "*.example.com" and "" (every host; "*" means the same) to small numbers. A wildcard
/// stands for one or more labels, so "*.example.com" does not cover "example.com". Built by one thread, read
/// by any.
class HostIndex {
 public:
  /// No DNS name is longer; a longer host only meets "".
  static constexpr std::size_t kMaxHostBytes = 253;

  /// False, and nothing changes, when the hostname is already there.
  bool insert(std::string_view hostname, std::uint32_t value);
  /// The value of exactly this hostname, wildcards not interpreted.
  std::optional<std::uint32_t> value_of(std::string_view hostname) const;

  /// Calls `visit(value)` for every hostname that covers `host`, exact first, then wildcards with the longest
  /// suffix first, then "", until it returns true. Allocates nothing. Returns whether a visit returned true.
  template <typename Visit>
  bool visit(std::string_view host, Visit visit) const {
    if (!host.empty() && host.size() <= kMaxHostBytes && host.front() != '.') {
      if (const auto found = find(host); found != kNone && visit(found)) return true;
      if (longest_wildcard_ != 0 && visit_wildcards(host, visit)) return true;
    }
    return any_host_ != kNone && visit(any_host_);
  }

  std::size_t size() const { return size_ + (any_host_ != kNone ? 1 : 0); }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// A hostname and its value in one cache line: a find that meets no collision touches nothing else.
  struct alignas(64) Slot {
    static constexpr std::size_t kInline = 52;

    std::uint32_t hash = 0;
    std::uint32_t value = kNone;
    std::uint32_t size = 0;
    std::array<char, kInline> text;  ///< the key, or its offset in long_keys_
  };

  template <typename Visit>
  bool visit_wildcards(std::string_view host, Visit& visit) const {
    for (std::size_t dot = host.find('.', 1); dot != host.npos; dot = host.find('.', dot + 1)) {
      const std::string_view suffix = host.substr(dot);
      if (suffix.size() > longest_wildcard_) continue;
      if (const auto found = find(suffix); found != kNone && visit(found)) return true;
    }
    return false;
  }

  /// The value of exactly `key`, or kNone.
  std::uint32_t find(std::string_view key) const {
    if (slots_.empty()) return kNone;
    const std::uint32_t hash = hash_text(key, 0);
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.value == kNone) return kNone;
      if (slot.hash == hash && text(slot) == key) return slot.value;
    }
  }
  std::string_view text(const Slot& slot) const;
  void grow();
  void place(const Slot& slot);

  std::vector<Slot> slots_;  ///< open addressing, at most two thirds full
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
  std::string long_keys_;
  std::uint32_t any_host_ = kNone;
  std::size_t longest_wildcard_ = 0;
};

/// Listeners that share one socket: the most specific hostname serves the request, whether or not it has a
/// route for it (Gateway API listener isolation). Immutable, any thread.
class ListenerIndex {
 public:
  ListenerIndex() = default;
  /// Hostname (lower case, empty = any) and the caller's number of each listener; of equal hostnames the
  /// first counts.
  explicit ListenerIndex(const std::vector<std::pair<std::string, std::uint32_t>>& listeners);

  /// nullopt when no listener covers `host`: answer 404.
  std::optional<std::uint32_t> find(std::string_view host) const;

 private:
  HostIndex hosts_;
};

}  // namespace gatehouse::routing
