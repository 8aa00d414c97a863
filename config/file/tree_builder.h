// SPDX-License-Identifier: Apache-2.0
// Turns yaml-cpp's events into a YamlTree and finds what the document may not contain. Private to
// yaml_reader.
#pragma once

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/file/yaml_tree.h"

namespace gatehouse::file {

/// What is wrong in a document, and where.
struct YamlFault {
  Position at;
  std::string reason;
  std::string fix;
};

/// Serves one document after another. After the first fault of a document its other events are ignored, so
/// that the parser can go on to the next document.
class TreeBuilder final : public YAML::EventHandler {
 public:
  const YamlTree& tree() const { return tree_; }
  NodeId root() const { return root_; }
  /// Where the document's first token stands.
  Position start() const { return start_; }
  const std::optional<YamlFault>& fault() const { return fault_; }

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override;

 private:
  struct Open {
    NodeId node;
    NodeId last;
    bool is_map;
    bool expects_key;
    YAML::anchor_t anchor;
  };

  void fail(Position at, std::string reason, std::string fix);
  void place(NodeId id, YAML::anchor_t anchor);
  void open(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor);
  void close();
  bool key_is_allowed(NodeId id);
  void find_duplicate_key(NodeId map);

  YamlTree tree_;
  NodeId root_ = kNoNode;
  Position start_{0, 0};
  std::optional<YamlFault> fault_;
  std::vector<Open> open_;
  std::vector<NodeId> anchors_;  ///< by anchor id; kNoNode while the value is still open
  std::vector<NodeId> keys_;     ///< scratch of find_duplicate_key
};

}  // namespace gatehouse::file
