// SPDX-License-Identifier: Apache-2.0
// The type of a YAML scalar by the YAML 1.2 core schema.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

namespace gatehouse::file {

/// null, bool, integer or float when an unquoted `text` reads as one, else a string. Nothing of YAML 1.1:
/// yes, on, 0777 and 1:30 have no special meaning.
nlohmann::json plain_scalar(std::string_view text);

/// A scalar with an explicit tag such as "tag:yaml.org,2002:int"; nullopt when the text is not of that type
/// or the tag is not one of the core schema.
std::optional<nlohmann::json> tagged_scalar(std::string_view tag, std::string_view text);

}  // namespace gatehouse::file
