// SPDX-License-Identifier: Apache-2.0
#include "tests/support/snapshot_from_yaml.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "config/file/yaml_reader.h"
#include "config/objects/decode.h"

namespace gatehouse::test {
namespace {

struct Insert {
  objects::Snapshot& to;

  template <typename T>
  void operator()(const std::shared_ptr<const T>& object) {
    REQUIRE(objects::objects_of<T>(to).emplace(object->meta.full_name(), object).second);
  }
};

void require_no_error(const std::vector<objects::Problem>& problems) {
  for (const auto& problem : problems)
    if (problem.severity == objects::Severity::error) FAIL(objects::to_line(problem));
}

}  // namespace

objects::Snapshot snapshot_from_yaml(std::string_view text) {
  objects::Snapshot snapshot;
  const auto outcome = file::read_yaml(
      text, "test.yaml", [&snapshot](const nlohmann::json& value, const objects::SourceMap& locations) {
        const auto decoded = objects::decode_object(value, &locations);
        require_no_error(decoded.problems);
        REQUIRE(decoded.object);
        std::visit(Insert{snapshot}, *decoded.object);
      });
  require_no_error(outcome.problems);
  return snapshot;
}

}  // namespace gatehouse::test
