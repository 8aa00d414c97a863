// SPDX-License-Identifier: Apache-2.0
// The only file that runs yaml-cpp's parser. What it throws ends here.
#include "config/file/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <istream>
#include <nlohmann/json.hpp>
#include <streambuf>

#include "config/file/tree_builder.h"
#include "config/file/yaml_scalar.h"
#include "config/file/yaml_tree.h"

namespace gatehouse::file {
namespace {

using nlohmann::json;

/// What one value costs of kMaxAliasBytes beside its text.
constexpr std::size_t kNodeCost = 16;

/// A stream over a text that somebody else holds.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // NOLINT: a get area is never written
    setg(begin, begin, begin + text.size());
  }
};

/// Length of the well-formed UTF-8 sequence at the front of `text`, 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  const unsigned second = at(1);
  const unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  return length;
}

YAML::Mark mark_of(Position at) {
  YAML::Mark mark;
  mark.line = at.line - 1;
  mark.column = at.column - 1;
  return mark;
}

bool is_forbidden_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
}

/// YAML is printable UTF-8. yaml-cpp takes any byte, and 0x04 for the end of the file.
std::optional<YamlFault> find_bad_byte(std::string_view text) {
  Position at;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i, 4));
    if (length == 0) return YamlFault{at, "not valid UTF-8", "save the file as UTF-8"};
    if (is_forbidden_control(text[i]))
      return YamlFault{at, fmt::format("control character 0x{:02x}", static_cast<unsigned char>(text[i])),
                       "remove it, or write it as an escape in double quotes"};
    if (text[i] == '\n') {
      ++at.line;
      at.column = 0;
    }
    ++at.column;
    i += length;
  }
  return std::nullopt;
}

/// Expands a tree into a JSON value. The budget for aliases is the file's.
class Expander {
 public:
  Expander(const YamlTree& tree, std::size_t& alias_bytes) : tree_(tree), alias_bytes_(alias_bytes) {}

  json expand(NodeId id, int depth = 0);
  const std::optional<YamlFault>& fault() const { return fault_; }

 private:
  json scalar(NodeId id);
  json expand_alias(NodeId id, int depth);
  bool charge(NodeId id);
  void fail(NodeId id, std::string reason, std::string fix) {
    if (!fault_) fault_ = YamlFault{alias_ ? *alias_ : tree_[id].at, std::move(reason), std::move(fix)};
  }

  const YamlTree& tree_;
  std::size_t& alias_bytes_;
  std::optional<Position> alias_;  ///< where the outermost alias being expanded stands
  std::optional<YamlFault> fault_;
};

bool Expander::charge(NodeId id) {
  if (!alias_) return true;
  alias_bytes_ += kNodeCost + tree_[id].length;
  if (alias_bytes_ <= kMaxAliasBytes) return true;
  fail(id, fmt::format("aliases of this file expand to more than {} bytes", kMaxAliasBytes),
       "write the values out, or split the file");
  return false;
}

json Expander::scalar(NodeId id) {
  const auto text = tree_.text(id);
  if (tree_[id].kind == NodeKind::plain) return plain_scalar(text);
  if (tree_[id].kind == NodeKind::quoted) return text;
  if (auto value = tagged_scalar(tree_.tag(id), text)) return *std::move(value);
  fail(id, fmt::format("\"{}\" is no value of the tag {}", text, tree_.tag(id)), "remove the tag");
  return nullptr;
}

json Expander::expand_alias(NodeId id, int depth) {
  if (alias_) return expand(tree_.resolve(id), depth);
  alias_ = tree_[id].at;
  auto value = expand(tree_.resolve(id), depth);
  alias_.reset();
  return value;
}

json Expander::expand(NodeId id, int depth) {
  if (fault_) return nullptr;
  const auto kind = tree_[id].kind;
  if (kind == NodeKind::alias) return expand_alias(id, depth);
  if (!charge(id) || kind == NodeKind::null) return nullptr;
  if (kind != NodeKind::map && kind != NodeKind::sequence) return scalar(id);
  if (depth >= kMaxDepth) {
    fail(id, fmt::format("nested deeper than {} levels", kMaxDepth), "flatten the document");
    return nullptr;
  }
  if (kind == NodeKind::sequence) {
    json list = json::array();
    for (NodeId item = tree_[id].first; item != kNoNode && !fault_; item = tree_[item].next)
      list.push_back(expand(item, depth + 1));
    return list;
  }
  json object = json::object();
  for (NodeId key = tree_[id].first; key != kNoNode && !fault_;) {
    const NodeId value = tree_[key].next;
    object.emplace(std::string(tree_.text(tree_.resolve(key))), expand(value, depth + 1));
    key = tree_[value].next;
  }
  return object;
}

/// One pass over one text.
class Reader {
 public:
  Reader(std::string_view name, const DocumentVisitor& visit) : name_(name), visit_(visit) {}
  YamlOutcome run(std::string_view text);

 private:
  void report(const YamlFault& fault);
  void read_document();
  void visit_root(const json& value);

  std::string_view name_;
  const DocumentVisitor& visit_;
  TreeBuilder builder_;
  std::size_t alias_bytes_ = 0;
  YamlOutcome outcome_;
};

void Reader::report(const YamlFault& fault) {
  objects::Problem problem;
  problem.reason = fault.reason;
  problem.fix = fault.fix;
  problem.location = location_text(name_, fault.at);
  outcome_.problems.push_back(std::move(problem));
}

void Reader::visit_root(const json& value) {
  const auto& tree = builder_.tree();
  const NodeId root = tree.resolve(builder_.root());
  const auto kind = value.find("kind");
  const auto items = value.find("items");
  if (kind == value.end() || *kind != "List" || items == value.end() || !items->is_array())
    return visit_(value, TreeMap(tree, root, name_));
  NodeId node = tree[tree.resolve(tree.find(root, "items").value)].first;
  for (const auto& item : *items) {
    const NodeId item_node = tree.resolve(node);
    if (item.is_object())
      visit_(item, TreeMap(tree, item_node, name_));
    else
      report({tree[node].at, "an item of a List must be an object", "start it with apiVersion: and kind:"});
    node = tree[node].next;
  }
}

void Reader::read_document() {
  if (builder_.fault()) return report(*builder_.fault());
  if (builder_.root() == kNoNode) return;
  Expander expander(builder_.tree(), alias_bytes_);
  const json value = expander.expand(builder_.root());
  if (expander.fault()) return report(*expander.fault());
  if (value.is_null()) return;
  if (!value.is_object())
    return report({builder_.tree()[builder_.root()].at, "a document must be an object, with keys and values",
                   "start it with apiVersion: and kind:"});
  visit_root(value);
}

YamlOutcome Reader::run(std::string_view text) {
  if (text.size() > kMaxFileBytes) {
    report({{}, fmt::format("larger than {} MiB", kMaxFileBytes >> 20), "split the file"});
    outcome_.broken = true;
    return std::move(outcome_);
  }
  if (const auto bad = find_bad_byte(text)) {
    report(*bad);
    outcome_.broken = true;
    return std::move(outcome_);
  }
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    for (auto before = builder_.start(); parser.HandleNextDocument(builder_); before = builder_.start()) {
      // yaml-cpp leaves a stray ',' ']' or '}' where it is and would report an empty document there for ever.
      if (builder_.start() == before) throw YAML::Exception(mark_of(before), "unexpected ',', ']' or '}'");
      read_document();
    }
  } catch (const YAML::Exception& error) {
    report({{error.mark.line + 1, error.mark.column + 1}, error.msg, "mend the YAML syntax"});
    outcome_.broken = true;
  } catch (const std::exception& error) {
    report({{}, error.what(), "mend the YAML syntax"});
    outcome_.broken = true;
  }
  return std::move(outcome_);
}

}  // namespace

YamlOutcome read_yaml(std::string_view text, std::string_view name, const DocumentVisitor& visit) {
  return Reader(name, visit).run(text);
}

}  // namespace gatehouse::file
