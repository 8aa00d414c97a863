// SPDX-License-Identifier: Apache-2.0
// tests/conformance_map.md names tests that exist, and wire tests that carry the name of the suite's test.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/source_dir.h"

namespace gatehouse {
namespace {

namespace fs = std::filesystem;

const fs::path kTests = fs::path(gatehouse::test::kSourceDir) / "tests";

std::string read_file(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    while (word.ends_with(':')) word.pop_back();
    words.push_back(word);
  }
  return words;
}

/// "golden/folder/case", or "folder/file_test".
void check_reference(const std::string& reference, const std::vector<std::string>& names) {
  INFO(reference);
  if (reference.starts_with("golden/")) {
    CHECK(fs::exists(kTests / (reference + ".in.yaml")));
    return;
  }
  const bool is_process = reference.starts_with("process/");
  const auto file = kTests / (reference + (is_process ? ".py" : ".cpp"));
  REQUIRE(fs::exists(file));
  if (!is_process && !reference.starts_with("wire/")) return;
  const auto text = read_file(file);
  for (const auto& name : names) {
    INFO(name);
    CHECK(text.find(name) != std::string::npos);
  }
}

/// A word alone between commas is another case of the folder named before.
void check_cell(const std::string& cell, const std::vector<std::string>& names) {
  for (const auto& clause : split(cell, ';')) {
    std::string folder;
    for (const auto& part : split(clause, ',')) {
      const auto words = words_of(part);
      if (words.size() == 1 && words.front().find('/') == std::string::npos)
        check_reference(folder + words.front(), names);
      for (const auto& word : words) {
        if (word.find('/') == std::string::npos) continue;
        check_reference(word, names);
        folder = word.substr(0, word.rfind('/') + 1);
      }
    }
  }
}

}  // namespace

TEST_CASE("every test that the conformance map names exists") {
  int rows = 0;
  for (const auto& line : split(read_file(kTests / "conformance_map.md"), '\n')) {
    const auto cells = split(line, '|');
    if (cells.size() != 3 || cells[1].find("Test of the suite") != std::string::npos ||
        cells[1].find("---") != std::string::npos)
      continue;
    INFO(line);
    std::vector<std::string> names;
    for (const auto& name : split(cells[1], ',')) names.push_back(words_of(name).at(0));
    check_cell(cells[2], names);
    ++rows;
  }
  CHECK(rows >= 70);
}

}  // namespace gatehouse
