// SPDX-License-Identifier: Apache-2.0
// Multi-document YAML (JSON included) into JSON values that know their positions.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "config/objects/problem.h"
#include "config/objects/source_map.h"

namespace gatehouse::file {

inline constexpr std::size_t kMaxFileBytes = 64u << 20;
inline constexpr int kMaxDepth = 64;
inline constexpr std::size_t kMaxAliasBytes = 1u << 20;  ///< all aliases of a file together, expanded

/// Gets each good document. Both arguments live only for the call.
using DocumentVisitor = std::function<void(const nlohmann::json& value, const objects::SourceMap& locations)>;

struct YamlOutcome {
  std::vector<objects::Problem> problems;
  /// A syntax error: the rest of the text could not be read, and what was visited is not all of it.
  bool broken = false;
};

/// Visits every document that is a mapping; those of `kind: List` are visited item by item, empty ones
/// skipped. Duplicate keys, merge keys, too much depth or alias expansion cost the document they are in. Only
/// unquoted scalars are typed. `name` is the file name that positions carry.
YamlOutcome read_yaml(std::string_view text, std::string_view name, const DocumentVisitor& visit);

}  // namespace gatehouse::file
