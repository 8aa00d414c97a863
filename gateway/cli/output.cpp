// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/output.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "config/file/yaml_reader.h"

namespace gatehouse::gateway {

nlohmann::json value_of_yaml(std::string_view yaml) {
  nlohmann::json document = nlohmann::json::object();
  file::read_yaml(yaml, "output",
                  [&document](const nlohmann::json& value, const objects::SourceMap&) { document = value; });
  return document;
}

std::string json_of_yaml(std::string_view yaml) {
  return value_of_yaml(yaml).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

void print_document(std::string_view format, std::string_view yaml) {
  if (format == "json")
    fmt::print("{}", json_of_yaml(yaml));
  else
    fmt::print("{}", yaml);
}

}  // namespace gatehouse::gateway
