// SPDX-License-Identifier: Apache-2.0
// open, fstat, read, opendir: every return code looked at.
#include "config/file/text_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <system_error>

#include "config/file/yaml_reader.h"

namespace gatehouse::file {
namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

/// Reads to the end, wherever that is now; the size from fstat is only a hint.
std::string read_all(int fd, FileText& to) {
  constexpr std::size_t kChunk = 64 * 1024;
  for (;;) {
    const std::size_t have = to.text.size();
    to.text.resize(have + kChunk);
    const ssize_t n = ::read(fd, to.text.data() + have, kChunk);
    to.text.resize(have + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0 && errno != EINTR) return reason(errno);
    if (n == 0) return {};
    if (to.text.size() > kMaxFileBytes) return fmt::format("larger than {} MiB", kMaxFileBytes >> 20);
  }
}

}  // namespace

std::optional<FileStamp> stamp_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  FileStamp stamp;
  stamp.device = info.st_dev;
  stamp.inode = info.st_ino;
  stamp.size = info.st_size;
  stamp.modified = info.st_mtim.tv_sec * std::int64_t{1'000'000'000} + info.st_mtim.tv_nsec;
  const std::unique_ptr<char, decltype(&std::free)> target(::realpath(path.c_str(), nullptr), &std::free);
  if (target) stamp.target = target.get();
  return stamp;
}

FileText read_text_file(const std::string& path) {
  FileText result;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) {
    result.error = reason(errno);
    return result;
  }
  if (!S_ISREG(info.st_mode)) {
    result.error = "not a regular file";
    return result;
  }
  result.error = read_all(file.get(), result);
  if (!result.error.empty()) result.text.clear();
  return result;
}

bool is_config_name(std::string_view name) {
  if (name.starts_with('.')) return false;
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

Listing list_config_files(const std::string& folder) {
  Listing listing;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), &::closedir);
  if (!open) {
    listing.error = reason(errno);
    return listing;
  }
  while (const auto* entry = ::readdir(open.get())) {
    if (!is_config_name(entry->d_name)) continue;
    auto path = folder + (folder.ends_with('/') ? "" : "/") + entry->d_name;
    if (!is_directory(path)) listing.files.push_back(std::move(path));
  }
  std::sort(listing.files.begin(), listing.files.end());
  return listing;
}

bool is_directory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace gatehouse::file
