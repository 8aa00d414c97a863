// SPDX-License-Identifier: Apache-2.0
#include "routing/path_trie.h"

#include <algorithm>

namespace gatehouse::routing {
namespace {

/// Removes the first element and its slash from `path`, which starts with one.
std::string_view take_element(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view element = path.substr(0, path.find('/'));
  path.remove_prefix(element.size());
  return element;
}

}  // namespace

std::uint32_t PathTrieBuilder::insert(std::string_view path) {
  std::uint32_t node = 0;
  while (!path.empty()) {
    const std::string_view element = take_element(path);
    const std::uint32_t hash = hash_text(element, node);
    std::uint32_t child = edges_.find(
        hash, [&](std::uint32_t n) { return nodes_[n].parent == node && nodes_[n].label == element; });
    if (child == HashIndex::kNone) {
      child = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back({element, node, 0, {}});
      ++nodes_[node].children;
      edges_.insert(hash, child);
    }
    node = child;
  }
  return node;
}

void PathTrie::Node::set_label(std::string_view label) {
  label_size = static_cast<std::uint32_t>(label.size());
  const char* elsewhere = label.data();
  if (label.size() <= kInlineLabel)
    label.copy(text.data(), label.size());
  else
    std::memcpy(text.data(), &elsewhere, sizeof elsewhere);
}

PathTrie::PathTrie(const PathTrieBuilder& builder) {
  const auto& sources = builder.nodes_;
  // Two thirds full. A trie of just the root is never searched.
  nodes_.resize(sources.size() == 1 ? 1 : sources.size() * 3 / 2 + 1);
  std::vector<std::uint32_t> slots(sources.size(), kRoot);
  nodes_[kRoot].parent = kNone;
  for (std::uint32_t i = 0; i < sources.size(); ++i) {
    const std::uint32_t parent = slots[sources[i].parent];
    if (i != 0) slots[i] = place(parent, sources[i].label);
    Node& node = nodes_[slots[i]];
    node.stop = sources[i].stop;
    node.children = sources[i].children;
    if (i != 0) node.above = nodes_[parent].stop.prefix_count != 0 ? parent : nodes_[parent].above;
  }
}

std::uint32_t PathTrie::place(std::uint32_t parent, std::string_view label) {
  std::uint32_t slot = first_slot(parent, label);
  while (nodes_[slot].parent != kFree) slot = next_slot(slot);
  nodes_[slot].parent = parent;
  nodes_[slot].set_label(label);
  return slot;
}

std::uint32_t PathTrie::find_child(std::uint32_t node, std::string_view label) const {
  for (std::uint32_t slot = first_slot(node, label);; slot = next_slot(slot)) {
    const Node& candidate = nodes_[slot];
    if (candidate.parent == kFree) return kNone;
    if (candidate.parent == node && candidate.label() == label) return slot;
  }
}

PathTrie::Walk PathTrie::walk(std::string_view path) const {
  std::uint32_t node = kRoot;
  if (!path.starts_with('/')) return {node, false};
  while (!path.empty()) {
    // The root's line is not touched: what it has to say is in the number of nodes.
    const bool is_leaf = node == kRoot ? nodes_.size() == 1 : nodes_[node].children == 0;
    if (is_leaf) return {node, false};
    const std::uint32_t child = find_child(node, take_element(path));
    if (child == kNone) return {node, false};
    node = child;
  }
  return {node, true};
}

}  // namespace gatehouse::routing
