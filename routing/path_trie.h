// SPDX-License-Identifier: Apache-2.0
// A trie of path elements: which rule paths lie on the way of a request path.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "routing/hash_index.h"

namespace gatehouse::routing {

/// Elements are what lies between slashes, empty ones included, so "/a/" has the elements "a" and "". Node 0
/// is the root, above every path; a parent's number is below its children's. All edges live in one flat hash
/// table, so a step costs one lookup however many children a node has. Labels are views into text that
/// outlives the trie.
class PathTrie {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::uint32_t kRoot = 0;

  PathTrie() : nodes_(1) {}

  /// The node of `path` (starting with '/', or empty for the root), made when it is missing.
  std::uint32_t insert(std::string_view path);

  struct Walk {
    std::uint32_t deepest;  ///< last node on the way of the path
    bool whole;             ///< the path ends at that node
  };
  /// Goes down as far as nodes exist. Allocates nothing.
  Walk walk(std::string_view path) const;

  std::uint32_t parent(std::uint32_t node) const { return nodes_[node].parent; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  void shrink_to_fit() { nodes_.shrink_to_fit(); }

 private:
  struct Node {
    const char* label = nullptr;
    std::uint32_t label_size = 0;
    std::uint32_t parent = kNone;
  };

  std::uint32_t find_child(std::uint32_t node, std::string_view element, std::uint32_t hash) const {
    return edges_.find(hash, [&](std::uint32_t child) {
      const Node& n = nodes_[child];
      return n.parent == node && std::string_view(n.label, n.label_size) == element;
    });
  }

  std::vector<Node> nodes_;
  HashIndex edges_;
};

}  // namespace gatehouse::routing
