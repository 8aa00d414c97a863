// SPDX-License-Identifier: Apache-2.0
// A folder of files for one test case, gone with it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace gatehouse::test {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "gatehouse-test-XXXXXX").string();
    root_ = ::mkdtemp(name.data()) == nullptr ? std::string() : std::filesystem::canonical(name).string();
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  std::string path(const std::string& name = {}) const { return name.empty() ? root_ : root_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  /// As careful programs write: a temporary file renamed over the old one.
  void replace(const std::string& name, const std::string& text) const {
    write(name + ".tmp", text);
    rename(name + ".tmp", name);
  }
  void rename(const std::string& from, const std::string& to) const {
    std::filesystem::rename(path(from), path(to));
  }
  void remove(const std::string& name) const { std::filesystem::remove_all(path(name)); }
  void folder(const std::string& name) const { std::filesystem::create_directories(path(name)); }
  void link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, path(name));
  }

 private:
  std::string root_;
};

inline std::string namespace_yaml(const std::string& name, const std::string& label = "1") {
  return "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + name + ", labels: {v: '" + label + "'}}\n";
}

}  // namespace gatehouse::test
