// SPDX-License-Identifier: Apache-2.0
// Events to nodes; duplicate keys, merge keys, depth and recursive aliases are found on the way.
#include "config/file/tree_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/file/yaml_reader.h"

namespace gatehouse::file {
namespace {

Position position(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

/// yaml-cpp's tags of scalars without an explicit one.
constexpr std::string_view kPlainTag = "?";
constexpr std::string_view kQuotedTag = "!";

bool fits_collection(NodeKind kind, std::string_view tag) {
  if (tag.empty() || tag == kPlainTag || tag == kQuotedTag) return true;
  return tag == (kind == NodeKind::map ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq");
}

}  // namespace

void TreeBuilder::OnDocumentStart(const YAML::Mark& mark) {
  start_ = position(mark);
  tree_.clear();
  root_ = kNoNode;
  fault_.reset();
  open_.clear();
  anchors_.clear();
}

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  if (fault_) return;
  place(tree_.add(NodeKind::null, position(mark)), anchor);
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  if (fault_) return;
  if (tag == kPlainTag)
    place(tree_.add(NodeKind::plain, position(mark), value), anchor);
  else if (tag == kQuotedTag)
    place(tree_.add(NodeKind::quoted, position(mark), value), anchor);
  else
    place(tree_.add(NodeKind::tagged, position(mark), value, tag), anchor);
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  if (fault_) return;
  const NodeId target = anchor < anchors_.size() ? anchors_[anchor] : kNoNode;
  if (target == kNoNode)
    return fail(position(mark), "alias refers to a value that it is itself a part of", "write the value out");
  place(tree_.add_alias(target, position(mark)), YAML::NullAnchor);
}

void TreeBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                                  YAML::EmitterStyle::value /*style*/) {
  open(NodeKind::sequence, mark, tag, anchor);
}

void TreeBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value /*style*/) {
  open(NodeKind::map, mark, tag, anchor);
}

void TreeBuilder::OnMapEnd() {
  if (!fault_) find_duplicate_key(open_.back().node);
  close();
}

void TreeBuilder::fail(Position at, std::string reason, std::string fix) {
  if (!fault_) fault_ = YamlFault{at, std::move(reason), std::move(fix)};
}

void TreeBuilder::open(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
  if (fault_) return;
  if (open_.size() >= static_cast<std::size_t>(kMaxDepth))
    return fail(position(mark), fmt::format("nested deeper than {} levels", kMaxDepth),
                "flatten the document");
  if (!fits_collection(kind, tag))
    return fail(position(mark), fmt::format("tag {} is not supported", tag), "remove the tag");
  const NodeId id = tree_.add(kind, position(mark));
  place(id, YAML::NullAnchor);
  if (fault_) return;
  if (anchor != YAML::NullAnchor && anchors_.size() <= anchor) anchors_.resize(anchor + 1, kNoNode);
  open_.push_back({id, kNoNode, kind == NodeKind::map, true, anchor});
}

void TreeBuilder::close() {
  if (fault_) return;
  const auto closed = open_.back();
  open_.pop_back();
  if (closed.anchor != YAML::NullAnchor) anchors_[closed.anchor] = closed.node;
}

void TreeBuilder::place(NodeId id, YAML::anchor_t anchor) {
  if (anchor != YAML::NullAnchor) {
    if (anchors_.size() <= anchor) anchors_.resize(anchor + 1, kNoNode);
    anchors_[anchor] = id;
  }
  if (open_.empty()) {
    root_ = id;
    return;
  }
  auto& parent = open_.back();
  if (parent.is_map) {
    if (parent.expects_key && !key_is_allowed(id)) return;
    parent.expects_key = !parent.expects_key;
  }
  tree_.append(parent.node, parent.last, id);
  parent.last = id;
}

bool TreeBuilder::key_is_allowed(NodeId id) {
  const NodeId key = tree_.resolve(id);
  const auto kind = tree_[key].kind;
  const Position at = tree_[id].at;
  if (kind == NodeKind::map || kind == NodeKind::sequence || kind == NodeKind::null) {
    fail(at, "a key must be a text", "write a plain word before the colon");
    return false;
  }
  if (kind == NodeKind::plain && tree_.text(key) == "<<") {
    fail(at, "merge keys (<<) are not supported", "write the fields out");
    return false;
  }
  return true;
}

void TreeBuilder::find_duplicate_key(NodeId map) {
  keys_.clear();
  for (NodeId key = tree_[map].first; key != kNoNode;) {
    keys_.push_back(key);
    const NodeId value = tree_[key].next;
    key = value == kNoNode ? kNoNode : tree_[value].next;
  }
  const auto text = [this](NodeId id) { return tree_.text(tree_.resolve(id)); };
  std::sort(keys_.begin(), keys_.end(), [&](NodeId a, NodeId b) {
    const int order = text(a).compare(text(b));
    return order != 0 ? order < 0 : a < b;
  });
  const auto twice =
      std::adjacent_find(keys_.begin(), keys_.end(), [&](NodeId a, NodeId b) { return text(a) == text(b); });
  if (twice == keys_.end()) return;
  const auto first = tree_[*twice].at;
  fail(tree_[*(twice + 1)].at, fmt::format("key \"{}\" appears twice", text(*twice)),
       fmt::format("keep one; the first is on line {}", first.line));
}

}  // namespace gatehouse::file
