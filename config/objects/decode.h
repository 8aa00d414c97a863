// SPDX-License-Identifier: Apache-2.0
// JSON to objects: the one decoder for files (YAML became JSON first) and for an API server.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/objects/any_object.h"
#include "config/objects/problem.h"
#include "config/objects/source_map.h"

namespace gatehouse::objects {

/// What one document turned out to be: an object, a kind this build does not know, or neither and problems.
struct Decoded {
  std::optional<AnyObject> object;  ///< set even if there are warnings
  std::string identity;             ///< "HTTPRoute default/demo"; empty if kind or name could not be read
  std::string unknown_kind;         ///< "Deployment (apps/v1)"
  std::vector<Problem> problems;
};

/// Fills in the defaults of the CRDs and enforces their schema for the fields it reads. Pure; any input is
/// safe. `locations` may be null; `fields`, if given, gets every field that was looked for, such as
/// "spec.rules[].name".
Decoded decode_object(const nlohmann::json& document, const SourceMap* locations = nullptr,
                      std::set<std::string>* fields = nullptr);

}  // namespace gatehouse::objects
