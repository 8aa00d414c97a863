// SPDX-License-Identifier: Apache-2.0
// One YAML document as written: nodes with their positions, before anchors are expanded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/objects/source_map.h"

namespace gatehouse::file {

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = static_cast<NodeId>(-1);

enum class NodeKind : std::uint8_t { null, plain, quoted, tagged, sequence, map, alias };

struct Position {
  std::int32_t line = 1;  ///< from 1
  std::int32_t column = 1;
  bool operator==(const Position&) const = default;
};

/// Children form a linked list; those of a map alternate key, value.
struct YamlNode {
  NodeKind kind = NodeKind::null;
  Position at;
  std::uint32_t text = 0;  ///< offset into the tree's text; of an alias: the NodeId it stands for
  std::uint32_t length = 0;
  std::uint32_t tag_length = 0;  ///< a tagged scalar's tag stands right after its text
  NodeId first = kNoNode;
  NodeId next = kNoNode;
};

/// Nodes in one vector and their text in one string: a few large allocations per document, so that positions
/// of every value cost next to nothing until somebody asks for one. Value type; one thread.
class YamlTree {
 public:
  void clear();
  NodeId add(NodeKind kind, Position at, std::string_view text = {}, std::string_view tag = {});
  NodeId add_alias(NodeId target, Position at);
  /// Appends `child` to `parent`; `last` is the child appended before it, or kNoNode.
  void append(NodeId parent, NodeId last, NodeId child);

  bool empty() const { return nodes_.empty(); }
  const YamlNode& operator[](NodeId id) const { return nodes_[id]; }
  std::string_view text(NodeId id) const;
  std::string_view tag(NodeId id) const;
  /// `id`, or what it stands for when it is an alias.
  NodeId resolve(NodeId id) const;
  /// The value of `key` in the map `id`, and its key node; kNoNode when absent.
  struct Entry {
    NodeId key = kNoNode;
    NodeId value = kNoNode;
  };
  Entry find(NodeId id, std::string_view key) const;
  Entry at(NodeId id, std::size_t index) const;

 private:
  std::vector<YamlNode> nodes_;
  std::string text_;
};

/// Positions of the values below `root`. Borrows the tree and the file name.
class TreeMap final : public objects::SourceMap {
 public:
  TreeMap(const YamlTree& tree, NodeId root, std::string_view file) : tree_(tree), root_(root), file_(file) {}
  std::string locate(std::span<const objects::PathStep> path) const override;

 private:
  const YamlTree& tree_;
  NodeId root_;
  std::string_view file_;
};

/// "file.yaml:12:7".
std::string location_text(std::string_view file, Position at);

}  // namespace gatehouse::file
