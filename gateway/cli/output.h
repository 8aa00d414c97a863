// SPDX-License-Identifier: Apache-2.0
// What commands print for machines: written once as YAML, turned into JSON where that is asked for.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

/// One of our own documents as a value.
nlohmann::json value_of_yaml(std::string_view yaml);
/// The same as indented JSON.
std::string json_of_yaml(std::string_view yaml);
/// Prints `yaml` as --output asks: "json" or "yaml".
void print_document(std::string_view format, std::string_view yaml);

}  // namespace gatehouse::gateway
