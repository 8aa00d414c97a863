// SPDX-License-Identifier: Apache-2.0
// Any bytes as a configuration file: YAML, decoding of every document, and the texts of its problems.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "config/file/yaml_reader.h"
#include "config/objects/decode.h"

using namespace gatehouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto outcome =
      file::read_yaml(text, "f.yaml", [](const nlohmann::json& value, const objects::SourceMap& locations) {
        const auto decoded = objects::decode_object(value, &locations);
        // An object is refused if and only if something says why, or its kind is somebody else's.
        bool refused = false;
        for (const auto& problem : decoded.problems) {
          if (to_line(problem).find('\n') != std::string::npos) std::abort();
          refused = refused || problem.severity == objects::Severity::error;
        }
        if (decoded.object && (refused || identity(*decoded.object) != decoded.identity)) std::abort();
        if (!decoded.object && !refused && decoded.unknown_kind.empty()) std::abort();
      });
  if (outcome.broken && outcome.problems.empty()) std::abort();
  return 0;
}
