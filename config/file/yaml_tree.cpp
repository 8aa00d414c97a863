// SPDX-License-Identifier: Apache-2.0
// Node storage and position look-up.
#include "config/file/yaml_tree.h"

#include <fmt/format.h>

namespace gatehouse::file {

void YamlTree::clear() {
  nodes_.clear();
  text_.clear();
}

NodeId YamlTree::add(NodeKind kind, Position at, std::string_view text, std::string_view tag) {
  YamlNode node;
  node.kind = kind;
  node.at = at;
  node.text = static_cast<std::uint32_t>(text_.size());
  node.length = static_cast<std::uint32_t>(text.size());
  node.tag_length = static_cast<std::uint32_t>(tag.size());
  text_ += text;
  text_ += tag;
  nodes_.push_back(node);
  return static_cast<NodeId>(nodes_.size() - 1);
}

NodeId YamlTree::add_alias(NodeId target, Position at) {
  const NodeId id = add(NodeKind::alias, at);
  nodes_[id].text = target;
  return id;
}

void YamlTree::append(NodeId parent, NodeId last, NodeId child) {
  if (last == kNoNode)
    nodes_[parent].first = child;
  else
    nodes_[last].next = child;
}

std::string_view YamlTree::text(NodeId id) const {
  const auto& node = nodes_[id];
  if (node.kind == NodeKind::alias) return {};
  return std::string_view(text_).substr(node.text, node.length);
}

std::string_view YamlTree::tag(NodeId id) const {
  const auto& node = nodes_[id];
  return std::string_view(text_).substr(node.text + node.length, node.tag_length);
}

NodeId YamlTree::resolve(NodeId id) const {
  while (nodes_[id].kind == NodeKind::alias) id = nodes_[id].text;
  return id;
}

YamlTree::Entry YamlTree::find(NodeId id, std::string_view key) const {
  if (nodes_[id].kind != NodeKind::map) return {};
  for (NodeId k = nodes_[id].first; k != kNoNode;) {
    const NodeId value = nodes_[k].next;
    if (value == kNoNode) return {};
    if (text(resolve(k)) == key) return {k, value};
    k = nodes_[value].next;
  }
  return {};
}

YamlTree::Entry YamlTree::at(NodeId id, std::size_t index) const {
  if (nodes_[id].kind != NodeKind::sequence) return {};
  NodeId child = nodes_[id].first;
  for (; child != kNoNode && index > 0; --index) child = nodes_[child].next;
  return {child, child};
}

std::string TreeMap::locate(std::span<const objects::PathStep> path) const {
  NodeId here = root_;
  Position at = tree_[here].at;
  for (const auto& step : path) {
    const NodeId inside = tree_.resolve(here);
    const auto entry = step.is_index() ? tree_.at(inside, step.index) : tree_.find(inside, step.key);
    if (entry.value == kNoNode) break;
    here = entry.value;
    // A block collection starts on the line after its key, and an empty value anywhere: point to the key.
    const NodeKind kind = tree_[here].kind;
    const bool is_scalar = kind == NodeKind::plain || kind == NodeKind::quoted || kind == NodeKind::tagged;
    at = tree_[is_scalar ? here : entry.key].at;
  }
  return location_text(file_, at);
}

std::string location_text(std::string_view file, Position at) {
  return fmt::format("{}:{}:{}", file, at.line, at.column);
}

}  // namespace gatehouse::file
