// SPDX-License-Identifier: Apache-2.0
// The documents as text: fenced blocks and table rows.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "tests/support/source_dir.h"

namespace gatehouse::test {

struct Document {
  std::string path;  ///< from the project's root
  std::string text;
};

struct Fence {
  std::string place;  ///< "docs/files.md:31"
  std::string info;   ///< what stands behind the backticks: "yaml"
  std::string text;
};

inline Document read_document(const std::string& path) {
  std::ifstream in(std::string(gatehouse::test::kSourceDir) + "/" + path, std::ios::binary);
  return {path, {std::istreambuf_iterator<char>(in), {}}};
}

/// Paths from the project's root, sorted.
inline std::vector<std::string> files_below(const std::string& folder, const std::string& ending) {
  const std::filesystem::path root(gatehouse::test::kSourceDir);
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder))
    if (entry.path().string().ends_with(ending))
      paths.push_back(std::filesystem::relative(entry.path(), root).string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// What users read: README.md and docs/ with its folders.
inline std::vector<Document> all_documents() {
  auto paths = files_below("docs", ".md");
  paths.insert(paths.begin(), "README.md");
  std::vector<Document> documents;
  for (const auto& path : paths) documents.push_back(read_document(path));
  return documents;
}

inline std::vector<Fence> fences_of(const Document& document) {
  std::vector<Fence> fences;
  std::istringstream in(document.text);
  bool open = false;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("```")) {
      open = !open;
      if (open) fences.push_back({document.path + ":" + std::to_string(number), line.substr(3), {}});
    } else if (open) {
      fences.back().text += line + "\n";
    }
  }
  return fences;
}

/// The cells of every table row, without the spaces around them.
inline std::vector<std::vector<std::string>> rows_of(const Document& document) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream in(document.text);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("|")) continue;
    std::vector<std::string> cells;
    std::istringstream row(line.substr(1));
    for (std::string cell; std::getline(row, cell, '|');) cells.emplace_back(trim(cell));
    rows.push_back(std::move(cells));
  }
  return rows;
}

/// The text of a cell that is one code span: "`name`" -> "name"; empty for any other cell.
inline std::string code_of(const std::string& cell) {
  const bool is_code = cell.size() > 2 && cell.front() == '`' && cell.find('`', 1) == cell.size() - 1;
  return is_code ? cell.substr(1, cell.size() - 2) : std::string();
}

}  // namespace gatehouse::test
