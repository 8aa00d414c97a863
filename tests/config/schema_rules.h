// SPDX-License-Identifier: Apache-2.0
// A table of schema rules: for each an object that keeps it and one that breaks it and nothing else.
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

#include "config/file/yaml_reader.h"
#include "config/objects/decode.h"

namespace gatehouse::test {

struct SchemaRule {
  std::string name;
  std::string good;
  std::string bad;
  std::string field;   ///< where `bad` is wrong
  std::string reason;  ///< how
};

inline objects::Decoded decode_text(const std::string& yaml) {
  objects::Decoded decoded;
  const auto outcome =
      file::read_yaml(yaml, "f.yaml", [&](const nlohmann::json& value, const objects::SourceMap& map) {
        decoded = objects::decode_object(value, &map);
      });
  REQUIRE(outcome.problems.empty());
  return decoded;
}

/// `good` and `bad` are what follows `before` in the document; `after` ends it.
inline void check_rules(const std::string& before, const std::string& after,
                        std::initializer_list<SchemaRule> rules) {
  for (const auto& rule : rules) {
    INFO(rule.name);
    const auto good = decode_text(before + rule.good + after);
    for (const auto& problem : good.problems) UNSCOPED_INFO(to_line(problem));
    CHECK(good.problems.empty());
    CHECK(good.object);

    const auto bad = decode_text(before + rule.bad + after);
    for (const auto& problem : bad.problems) UNSCOPED_INFO(to_line(problem));
    CHECK_FALSE(bad.object);
    REQUIRE(bad.problems.size() == 1);
    CHECK(bad.problems[0].severity == objects::Severity::error);
    CHECK(bad.problems[0].field == rule.field);
    CHECK(bad.problems[0].reason == rule.reason);
    CHECK_FALSE(bad.problems[0].fix.empty());
  }
}

/// [item0, item1, ...] with '#' in `item` standing for the number.
inline std::string list_of(int n, std::string_view item) {
  std::string list;
  for (int i = 0; i < n; ++i) {
    std::string entry(item);
    for (auto at = entry.find('#'); at != std::string::npos; at = entry.find('#'))
      entry.replace(at, 1, std::to_string(i));
    list += (i > 0 ? ", " : "") + entry;
  }
  return "[" + list + "]";
}

}  // namespace gatehouse::test
