// SPDX-License-Identifier: Apache-2.0
// Reading whole files, and which files of a folder count.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::file {

/// What tells one state of a file from another without reading it.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t modified = 0;  ///< nanoseconds since 1970
  std::string target;         ///< the path with all symbolic links resolved
  bool operator==(const FileStamp&) const = default;
};

/// nullopt when there is nothing to read at `path`.
std::optional<FileStamp> stamp_of(const std::string& path);

/// A file's text, or why there is none.
struct FileText {
  std::string text;
  std::string error;  ///< empty = read
};

/// Regular files only, so that a pipe or a device cannot block; at most kMaxFileBytes.
FileText read_text_file(const std::string& path);

/// *.yaml, *.yml and *.json, and not hidden: editors' temporary files and a ConfigMap's ..data are none.
bool is_config_name(std::string_view name);

/// The configuration files directly in `folder`, sorted, as paths below it.
struct Listing {
  std::vector<std::string> files;
  std::string error;  ///< empty = listed
};
Listing list_config_files(const std::string& folder);

bool is_directory(const std::string& path);

}  // namespace gatehouse::file
