// SPDX-License-Identifier: Apache-2.0
// Tells when configuration files may have changed.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::file {

/// An inotify descriptor over the folders in which given files, files of given folders, and every symbolic
/// link on the way to them stand: so it sees renames over a file, swaps of a ConfigMap's ..data link, files
/// and folders that come and go. No thread of its own; the owner polls fd() and calls drain() on that thread.
/// To miss nothing: create it before the first load, and load after each drain() that returns true.
class FileWatch {
 public:
  explicit FileWatch(std::vector<std::string> paths);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// Readable when there is something to drain; -1 when the system has no inotify instance left.
  int fd() const { return fd_; }
  /// Reads all events without blocking; true when one of them concerns us. Watches follow what changed.
  bool drain();
  /// Why some folder is not watched, empty when all are.
  const std::string& error() const { return error_; }

 private:
  /// Names whose events count in one folder.
  struct Interest {
    std::set<std::string, std::less<>> names;
    bool config_files = false;  ///< and every name of a configuration file
  };
  using Interests = std::map<std::string, Interest>;  ///< by folder, without symbolic links

  void arm();
  Interests find_interests() const;
  static void trace(const std::string& path, Interests& to);
  bool concerns_us(int watch, std::uint32_t mask, std::string_view name) const;

  std::vector<std::string> paths_;
  int fd_ = -1;
  std::map<int, std::string> folders_;  ///< watch descriptor -> folder
  Interests interests_;
  std::string error_;
};

}  // namespace gatehouse::file
