// SPDX-License-Identifier: Apache-2.0
// Configuration files into the object store, keeping what worked when a file goes bad.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/file/text_file.h"
#include "config/objects/object_store.h"
#include "config/objects/problem.h"

namespace gatehouse::file {

/// File systems stamp times in steps of a clock tick: a file written again within one step after it was read
/// could look unchanged. Younger files than this are read again next time.
constexpr std::chrono::milliseconds kStampStep{100};

struct LoadReport {
  std::vector<objects::Problem> problems;            ///< all that hold now, those of unchanged files included
  std::vector<objects::Problem> fresh;               ///< those that the load before did not report
  std::vector<std::string> files;                    ///< sorted
  std::map<std::string, std::size_t> unknown_kinds;  ///< "Deployment (apps/v1)" -> how many; also one warning
  bool unreadable = false;                           ///< a given path or a file could not be read at all
  bool changed = false;                              ///< the store's snapshot changed
  bool unsettled = false;  ///< some file looks half written: load again after kStampStep
};

/// Reads files and folders (not their subfolders). A file with a syntax error, or that became unreadable,
/// keeps all the objects it gave last; a bad object in a good file keeps its own last good version. A file
/// that is written in place and has become less within kStampStep may be half written, and waits for the
/// rest. A file that is gone from a folder, or a link there whose target is, takes its objects along. The
/// store must outlive it. Thread: the store's.
class FileSource {
 public:
  FileSource(std::vector<std::string> paths, objects::ObjectStore& store);

  /// Reads what changed since the last call.
  LoadReport load();
  /// Files whose last state could not be used as a whole, sorted.
  std::vector<std::string> broken_files() const;

 private:
  struct FileState {
    std::optional<FileStamp> stamp;  ///< nullopt: read it again next time
    std::optional<FileStamp> used;   ///< of what the store has
    std::string folder;              ///< empty when the file was given by name
    std::vector<objects::Problem> problems;
    std::map<std::string, std::size_t> unknown_kinds;
    bool broken = false;
    bool unreadable = false;
    bool half_written = false;
  };
  struct Found;

  Found find_files() const;
  bool refresh(const std::string& path, FileState& state);
  bool read(const std::string& path, FileState& state, const std::optional<FileStamp>& stamp);
  bool forget_missing(const Found& found);
  void collect(LoadReport& report) const;

  std::vector<std::string> paths_;
  objects::ObjectStore& store_;
  std::map<std::string, FileState> files_;
  std::set<std::string> reported_;  ///< lines of the last report
};

}  // namespace gatehouse::file
