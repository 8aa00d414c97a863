// SPDX-License-Identifier: Apache-2.0
// YAML text to typed, positioned JSON; what may not be in it.
#include "config/file/yaml_reader.h"

#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace gatehouse;
using nlohmann::json;
using objects::PathStep;

namespace {

struct Read {
  std::vector<json> values;
  file::YamlOutcome outcome;
};

Read read(std::string_view text) {
  Read result;
  result.outcome = file::read_yaml(
      text, "a.yaml", [&](const json& value, const objects::SourceMap&) { result.values.push_back(value); });
  return result;
}

json value_of(std::string_view text) {
  const auto result = read(text);
  REQUIRE(result.outcome.problems.empty());
  REQUIRE(result.values.size() == 1);
  return result.values.front();
}

std::string where(std::string_view text, std::vector<PathStep> path) {
  std::string found;
  file::read_yaml(text, "a.yaml",
                  [&](const json&, const objects::SourceMap& map) { found = map.locate(path); });
  return found;
}

objects::Problem only_problem(std::string_view text) {
  const auto result = read(text);
  REQUIRE(result.outcome.problems.size() == 1);
  return result.outcome.problems.front();
}

std::string nested(int depth) {
  std::string text = "a: ";
  for (int i = 1; i < depth; ++i) text += '[';
  for (int i = 1; i < depth; ++i) text += ']';
  return text + "\n---\nb: 1\n";
}

}  // namespace

TEST_CASE("plain scalars get the types of the YAML 1.2 core schema") {
  CHECK(value_of("v: 12")["v"] == json(12));
  CHECK(value_of("v: -7")["v"] == json(-7));
  CHECK(value_of("v: +7")["v"] == json(7));
  CHECK(value_of("v: 0x1F")["v"] == json(31));
  CHECK(value_of("v: 0o17")["v"] == json(15));
  CHECK(value_of("v: 0777")["v"] == json(777));
  CHECK(value_of("v: 18446744073709551615")["v"] == json(18446744073709551615u));
  CHECK(value_of("v: 1.5e3")["v"] == json(1500.0));
  CHECK(value_of("v: .5")["v"] == json(0.5));
  CHECK(value_of("v: 1e999")["v"].is_number_float());
  CHECK(value_of("v: -.inf")["v"].get<double>() < 0);
  CHECK(value_of("v: .nan")["v"].is_number_float());
  CHECK(value_of("v: True")["v"] == json(true));
  CHECK(value_of("v: FALSE")["v"] == json(false));
  CHECK(value_of("v: ~")["v"].is_null());
  CHECK(value_of("v:")["v"].is_null());
}

TEST_CASE("words and shapes of YAML 1.1 stay texts") {
  for (const auto* text : {"yes", "no", "on", "off", "y", "1:30", "1_000", "1.2.3", ".", "-", "+", "0b11",
                           "1e", "tRUE", "0x", "2024-01-31"})
    CHECK(value_of(std::string("v: ") + (std::string(text) == "-" ? "'-'" : text))["v"] == json(text));
}

TEST_CASE("quoted and block scalars are never typed") {
  CHECK(value_of("v: \"80\"")["v"] == json("80"));
  CHECK(value_of("v: 'true'")["v"] == json("true"));
  CHECK(value_of("v: ''")["v"] == json(""));
  CHECK(value_of("v: |\n  12\n")["v"] == json("12\n"));
}

TEST_CASE("explicit core tags decide, others are refused") {
  CHECK(value_of("v: !!str 80")["v"] == json("80"));
  CHECK(value_of("v: !!int \"80\"")["v"] == json(80));
  CHECK(value_of("v: !!float 1")["v"] == json(1.0));
  CHECK(value_of("v: !!bool 'true'")["v"] == json(true));
  CHECK(value_of("v: !!null ''")["v"].is_null());
  CHECK(only_problem("v: !!int x").reason == "\"x\" is no value of the tag tag:yaml.org,2002:int");
  CHECK(only_problem("v: !!binary aGk=").location == "a.yaml:1:4");
  CHECK(only_problem("v: !custom {a: 1}").reason == "tag !custom is not supported");
}

TEST_CASE("number and boolean keys become texts") {
  CHECK(value_of("80: a\ntrue: b") == json{{"80", "a"}, {"true", "b"}});
}

TEST_CASE("JSON is read as YAML") {
  CHECK(value_of(R"({"a":"x","b":[1,2,{"c":null}],"d":true,"e":"\u00e9\/"})") ==
        json::parse(R"({"a":"x","b":[1,2,{"c":null}],"d":true,"e":"é/"})"));
}

TEST_CASE("documents are visited in order and empty ones skipped") {
  const auto result = read("---\n# nothing\n---\na: 1\n---\n---\nb: 2\n...\n");
  CHECK(result.outcome.problems.empty());
  CHECK(result.values == std::vector<json>{{{"a", 1}}, {{"b", 2}}});
  CHECK(read("").values.empty());
}

TEST_CASE("a document that is not a mapping costs only itself") {
  const auto result = read("- 1\n---\njust text\n---\na: 1\n");
  CHECK(result.values.size() == 1);
  REQUIRE(result.outcome.problems.size() == 2);
  CHECK(result.outcome.problems[1].location == "a.yaml:3:1");
  CHECK_FALSE(result.outcome.broken);
}

TEST_CASE("positions name line and column of values") {
  const std::string text = "spec:\n  rules:\n    - path: x\n    - path: /y\n      empty:\n";
  CHECK(where(text, {{"spec"}, {"rules"}, {{}, 1}, {"path"}}) == "a.yaml:4:13");
  CHECK(where(text, {{"spec"}, {"rules"}}) == "a.yaml:2:3");
  CHECK(where(text, {{"spec"}, {"rules"}, {{}, 1}, {"empty"}}) == "a.yaml:5:7");
}

TEST_CASE("the position of something absent is that of its nearest parent") {
  CHECK(where("spec:\n  rules:\n    - a: 1\n", {{"spec"}, {"rules"}, {{}, 0}, {"b"}}) == "a.yaml:3:7");
  CHECK(where("\na: 1\n", {{"nope"}}) == "a.yaml:2:1");
}

TEST_CASE("a duplicate key costs its document and names both lines") {
  const auto result = read("a: 1\n---\nb:\n  c: 1\n  d: 2\n  \"c\": 3\n---\ne: 5\n");
  CHECK(result.values == std::vector<json>{{{"a", 1}}, {{"e", 5}}});
  REQUIRE(result.outcome.problems.size() == 1);
  CHECK(objects::to_line(result.outcome.problems[0]) ==
        "a.yaml:6:3: error: key \"c\" appears twice; keep one; the first is on line 4");
}

TEST_CASE("merge keys are refused, a quoted << is an ordinary key") {
  CHECK(only_problem("a: &x {b: 1}\nc:\n  <<: *x\n").reason == "merge keys (<<) are not supported");
  CHECK(value_of("\"<<\": 1") == json{{"<<", 1}});
}

TEST_CASE("keys that are no scalars are refused") {
  CHECK(only_problem("? [a, b]\n: 1\n").reason == "a key must be a text");
  CHECK(only_problem("? {a: b}\n: 1\n").reason == "a key must be a text");
  CHECK(only_problem("~: 1\n").reason == "a key must be a text");
}

TEST_CASE("depth 64 is read, depth 65 costs the document") {
  CHECK(read(nested(64)).values.size() == 2);
  const auto result = read(nested(65));
  CHECK(result.values == std::vector<json>{{{"b", 1}}});
  REQUIRE(result.outcome.problems.size() == 1);
  CHECK(result.outcome.problems[0].reason == "nested deeper than 64 levels");
}

TEST_CASE("absurd depth ends the file without harm") {
  const auto result = read(std::string(200'000, '['));
  CHECK(result.outcome.broken);
  CHECK(result.outcome.problems.size() == 1);
}

TEST_CASE("aliases expand to copies of their anchors") {
  CHECK(value_of("a: &x {b: [1, &y two]}\nc: *x\nd: *y\n") ==
        json::parse(R"({"a":{"b":[1,"two"]},"c":{"b":[1,"two"]},"d":"two"})"));
}

TEST_CASE("an alias inside its own anchor is refused") {
  CHECK(only_problem("a: &x [1, *x]\n").reason == "alias refers to a value that it is itself a part of");
}

TEST_CASE("an unknown alias is a syntax error") {
  CHECK(read("a: *nope\n").outcome.broken);
}

TEST_CASE("an alias bomb costs its document, not time or memory") {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 30; ++i) {
    bomb += fmt::format("a{0}: &a{0} [", i);
    for (int j = 0; j < 9; ++j) bomb += fmt::format("*a{}, ", i - 1);
    bomb += "x]\n";
  }
  const auto result = read(bomb + "---\nb: 1\n");
  CHECK(result.values == std::vector<json>{{{"b", 1}}});
  REQUIRE(result.outcome.problems.size() == 1);
  CHECK(result.outcome.problems[0].reason == "aliases of this file expand to more than 1048576 bytes");
}

TEST_CASE("alias chains count as depth") {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 70; ++i) text += fmt::format("a{0}: &a{0} [*a{1}]\n", i, i - 1);
  CHECK(only_problem(text).reason == "nested deeper than 64 levels");
}

TEST_CASE("a syntax error breaks the file and says where") {
  const auto result = read("a: 1\n---\nb: [1, 2\nc: 3\n");
  CHECK(result.outcome.broken);
  REQUIRE(result.outcome.problems.size() == 1);
  CHECK(result.outcome.problems[0].location.starts_with("a.yaml:4:"));
}

TEST_CASE("a stray closing bracket or comma is a syntax error where it stands") {
  for (const std::string stray : {"]", "}", ","}) {
    INFO(stray);
    const auto result = read("a: 1\n--- \n" + stray + " v: 7\n");
    CHECK(result.outcome.broken);
    REQUIRE(result.outcome.problems.size() == 1);
    CHECK(result.outcome.problems[0].location == "a.yaml:3:1");
  }
}

TEST_CASE("bytes that are not printable UTF-8 break the file and say where") {
  CHECK(only_problem("a: 1\nb: \xff\n").location == "a.yaml:2:4");
  CHECK(only_problem("a: \xc0\xaf\n").reason == "not valid UTF-8");
  CHECK(only_problem("a: \xed\xa0\x80\n").reason == "not valid UTF-8");
  CHECK(only_problem(std::string_view("a: 1\n\x04", 6)).reason == "control character 0x04");
  CHECK(only_problem(std::string_view("a: \0", 4)).reason == "control character 0x00");
  CHECK(value_of("a: \"\xf0\x9f\x98\x80\"")["a"] == json("\xf0\x9f\x98\x80"));
}

TEST_CASE("a file over the limit is refused unread") {
  const std::string text(file::kMaxFileBytes + 1, ' ');
  CHECK(only_problem(text).reason == "larger than 64 MiB");
}

TEST_CASE("items of a List are visited one by one with their own positions") {
  const std::string text = "kind: List\napiVersion: v1\nitems:\n- kind: A\n  x: 1\n- 5\n- kind: B\n";
  std::vector<std::string> seen;
  const auto outcome = file::read_yaml(text, "a.yaml", [&](const json& value, const objects::SourceMap& map) {
    const std::array<PathStep, 1> path{PathStep{"kind"}};
    seen.push_back(value["kind"].get<std::string>() + " " + map.locate(path));
  });
  CHECK(seen == std::vector<std::string>{"A a.yaml:4:9", "B a.yaml:7:9"});
  REQUIRE(outcome.problems.size() == 1);
  CHECK(outcome.problems[0].location == "a.yaml:6:3");
}
