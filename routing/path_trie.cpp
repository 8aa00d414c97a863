// SPDX-License-Identifier: Apache-2.0
#include "routing/path_trie.h"

#include <algorithm>

namespace gatehouse::routing {

std::uint32_t PathTrie::insert(std::string_view path) {
  std::uint32_t node = kRoot;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view element = path.substr(0, path.find('/'));
    path.remove_prefix(element.size());
    const std::uint32_t hash = hash_text(element, node);
    std::uint32_t child = find_child(node, element, hash);
    if (child == kNone) {
      child = size();
      nodes_.push_back({element.data(), static_cast<std::uint32_t>(element.size()), node});
      edges_.insert(hash, child);
    }
    node = child;
  }
  return node;
}

PathTrie::Walk PathTrie::walk(std::string_view path) const {
  std::uint32_t node = kRoot;
  if (!path.starts_with('/')) return {node, false};
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view element = path.substr(0, path.find('/'));
    path.remove_prefix(element.size());
    const std::uint32_t child = find_child(node, element, hash_text(element, node));
    if (child == kNone) return {node, false};
    node = child;
  }
  return {node, true};
}

}  // namespace gatehouse::routing
