// SPDX-License-Identifier: Apache-2.0
// Hostnames with wildcards, found from the most to the least specific.
#pragma once

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
      if (const auto found = find(host); found != HashIndex::kNone && visit(keys_[found].value)) return true;
      if (longest_wildcard_ != 0 && visit_wildcards(host, visit)) return true;
    }
    return any_host_ != HashIndex::kNone && visit(any_host_);
  }

  std::size_t size() const { return keys_.size() + (any_host_ != HashIndex::kNone ? 1 : 0); }

 private:
  struct Key {
    std::uint32_t offset;  ///< into text_
    std::uint32_t size;
    std::uint32_t value;
  };

  template <typename Visit>
  bool visit_wildcards(std::string_view host, Visit& visit) const {
    for (std::size_t dot = host.find('.', 1); dot != host.npos; dot = host.find('.', dot + 1)) {
      const std::string_view suffix = host.substr(dot);
      if (suffix.size() > longest_wildcard_) continue;
      if (const auto found = find(suffix); found != HashIndex::kNone && visit(keys_[found].value))
        return true;
    }
    return false;
  }

  std::string_view text(const Key& key) const { return std::string_view(text_).substr(key.offset, key.size); }
  std::uint32_t find(std::string_view key) const {
    return index_.find(hash_text(key, 0), [&](std::uint32_t i) { return text(keys_[i]) == key; });
  }

  std::string text_;  ///< all keys; "*.example.com" is kept as ".example.com", which is no valid host
  std::vector<Key> keys_;
  HashIndex index_;
  std::uint32_t any_host_ = HashIndex::kNone;
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
