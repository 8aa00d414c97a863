// SPDX-License-Identifier: Apache-2.0
// A trie of path elements: which rule paths lie on the way of a request path.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "routing/hash_index.h"

namespace gatehouse::routing {

/// The matches that end at a node, exact ones first, in an array of the owner's.
struct PathStop {
  std::uint32_t begin = 0;
  std::uint32_t exact_count = 0;
  std::uint32_t prefix_count = 0;
  const char* next = nullptr;  ///< what is read behind the first match: its conditions, or its rule
};

/// Collects the paths of a PathTrie. Node 0 is the root, above every path. Elements are what lies between
/// slashes, empty ones included, so "/a/" has the elements "a" and "". Keeps views into the inserted paths.
class PathTrieBuilder {
 public:
  PathTrieBuilder() : nodes_(1) {}

  /// The node of `path` (starting with '/', or empty for the root), made when it is missing.
  std::uint32_t insert(std::string_view path);
  PathStop& stop(std::uint32_t node) { return nodes_[node].stop; }

 private:
  friend class PathTrie;

  struct Node {
    std::string_view label;
    std::uint32_t parent = 0;  ///< below the node's own number
    std::uint32_t children = 0;
    PathStop stop;
  };

  std::vector<Node> nodes_;
  HashIndex edges_;
};

/// Immutable, any thread. One open-addressed hash table of all nodes, keyed by parent and label, so a step
/// costs one lookup however many children a node has; a node is one cache line, label included: at 100,000
/// rules a find is as slow as the lines it touches. Labels too long for that stay views into the paths, which
/// outlive the trie.
class PathTrie {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  PathTrie() : PathTrie(PathTrieBuilder()) {}
  explicit PathTrie(const PathTrieBuilder& builder);

  struct Walk {
    std::uint32_t deepest;  ///< last node on the way of the path
    bool whole;             ///< the path ends at that node
  };
  /// Goes down as far as nodes exist. Allocates nothing.
  Walk walk(std::string_view path) const;

  const PathStop& stop(std::uint32_t node) const { return nodes_[node].stop; }
  /// Above every path.
  const PathStop& root() const { return nodes_[kRoot].stop; }
  /// The nearest ancestor with prefix matches, or kNone.
  std::uint32_t above(std::uint32_t node) const { return nodes_[node].above; }

 private:
  static constexpr std::uint32_t kRoot = 0;
  static constexpr std::uint32_t kFree = UINT32_MAX - 1;
  static constexpr std::size_t kInlineLabel = 24;

  struct alignas(64) Node {
    PathStop stop;
    std::uint32_t above = kNone;
    std::uint32_t parent = kFree;
    std::uint32_t children = 0;
    std::uint32_t label_size = 0;
    std::array<char, kInlineLabel> text;  ///< the label, or a pointer to it

    std::string_view label() const {
      if (label_size <= kInlineLabel) return {text.data(), label_size};
      const char* elsewhere;
      std::memcpy(&elsewhere, text.data(), sizeof elsewhere);
      return {elsewhere, label_size};
    }
    void set_label(std::string_view label);
  };
  static_assert(sizeof(Node) == 64);

  std::uint32_t first_slot(std::uint32_t parent, std::string_view label) const {
    return static_cast<std::uint32_t>(std::uint64_t{hash_text(label, parent)} * nodes_.size() >> 32);
  }
  std::uint32_t next_slot(std::uint32_t slot) const { return slot + 1 == nodes_.size() ? 0 : slot + 1; }
  std::uint32_t place(std::uint32_t parent, std::string_view label);
  std::uint32_t find_child(std::uint32_t node, std::string_view label) const;

  std::vector<Node> nodes_;
};

}  // namespace gatehouse::routing
