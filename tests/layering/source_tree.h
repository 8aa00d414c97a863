// SPDX-License-Identifier: Apache-2.0
// The project's own files as text, for tests that check rules of the source itself.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/source_dir.h"

namespace gatehouse::layering {

struct SourceFile {
  std::string path;  ///< from the project's root, with '/'
  std::string text;

  std::string folder() const {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
  }
  bool ends_with(std::string_view suffix) const { return std::string_view(path).ends_with(suffix); }
  bool is_header() const { return ends_with(".h"); }
  bool is_cpp() const { return is_header() || ends_with(".cpp"); }
};

inline std::size_t line_of(std::string_view text, std::size_t offset) {
  return 1 +
         static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<long>(offset), '\n'));
}

inline std::string location(const SourceFile& file, std::size_t offset) {
  return file.path + ":" + std::to_string(line_of(file.text, offset));
}

inline bool is_ours(const std::filesystem::path& name) {
  static const std::set<std::string> kNotOurs{".git",  ".cache",      ".vscode",
                                              "build", "__pycache__", "node_modules"};
  return !kNotOurs.contains(name.filename().string());
}

inline SourceFile read_file(const std::filesystem::path& root, const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {path.lexically_relative(root).generic_string(), {std::istreambuf_iterator<char>(in), {}}};
}

/// Every text file of the project, sorted by path; build results and binary files are left out.
inline const std::vector<SourceFile>& all_files() {
  static const std::vector<SourceFile> kFiles = [] {
    std::vector<SourceFile> files;
    const std::filesystem::path root = gatehouse::test::kSourceDir;
    for (auto it = std::filesystem::recursive_directory_iterator(root); it != end(it); ++it) {
      if (!is_ours(it->path())) {
        it.disable_recursion_pending();
      } else if (it->is_regular_file()) {
        auto file = read_file(root, it->path());
        if (file.text.find('\0') == std::string::npos) files.push_back(std::move(file));
      }
    }
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return files;
  }();
  return kFiles;
}

/// All findings as one message, one per line; empty when there is none.
inline std::string lines(const std::vector<std::string>& findings) {
  std::string all;
  for (const auto& finding : findings) all += finding + "\n";
  return all;
}

}  // namespace gatehouse::layering
