// SPDX-License-Identifier: Apache-2.0
// inotify on folders; a path is followed link by link to find them.
#include "config/file/file_watch.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <system_error>

#include "config/file/text_file.h"

namespace gatehouse::file {
namespace {

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
                                  IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr int kMaxLinks = 40;  ///< as the kernel's limit

/// A regular file that was just created is still being written: its IN_CLOSE_WRITE follows. Links, folders
/// and second names of complete files have only this event.
bool awaits_close(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1;
}

std::string join(const std::string& folder, const std::string& name) {
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

/// Puts the parts of `path` in front of `parts`.
void prepend(std::deque<std::string>& parts, const std::filesystem::path& path) {
  std::vector<std::string> names;
  for (const auto& part : path)
    if (!part.empty() && part != "/" && part != ".") names.push_back(part.string());
  parts.insert(parts.begin(), names.begin(), names.end());
}

}  // namespace

FileWatch::FileWatch(std::vector<std::string> paths) : paths_(std::move(paths)) {
  std::error_code ignored;
  for (auto& path : paths_) {
    const auto whole = std::filesystem::absolute(path, ignored);
    if (!ignored) path = whole.string();
  }
  fd_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd_ < 0)
    error_ = "inotify: " + std::generic_category().message(errno);
  else
    arm();
}

FileWatch::~FileWatch() {
  if (fd_ >= 0) ::close(fd_);
}

/// Notes every place where a change could lead `path` elsewhere: each symbolic link on the way, the last
/// name, or the first name that is missing.
void FileWatch::trace(const std::string& path, Interests& to) {
  std::deque<std::string> parts;
  prepend(parts, path);
  std::string folder = "/";
  for (int links = 0; !parts.empty() && links < kMaxLinks;) {
    const auto name = parts.front();
    parts.pop_front();
    if (name == "..") {
      folder = std::filesystem::path(folder).parent_path().string();
      continue;
    }
    const auto here = join(folder, name);
    struct stat info {};
    const bool missing = ::lstat(here.c_str(), &info) != 0;
    const bool is_link = !missing && S_ISLNK(info.st_mode);
    if (missing || is_link || parts.empty()) to[folder].names.insert(name);
    if (missing) return;
    if (!is_link) {
      folder = here;
      continue;
    }
    ++links;
    std::error_code error;
    const auto target = std::filesystem::read_symlink(here, error);
    if (error) return;
    if (target.is_absolute()) folder = "/";
    prepend(parts, target);
  }
}

FileWatch::Interests FileWatch::find_interests() const {
  Interests interests;
  for (const auto& path : paths_) {
    trace(path, interests);
    std::error_code error;
    const auto real = std::filesystem::canonical(path, error);
    if (error || !is_directory(real)) continue;
    interests[real.string()].config_files = true;
    for (const auto& file : list_config_files(real.string()).files) trace(file, interests);
  }
  return interests;
}

void FileWatch::arm() {
  interests_ = find_interests();
  error_.clear();
  std::map<int, std::string> before;
  before.swap(folders_);
  for (const auto& [folder, interest] : interests_) {
    const int watch = ::inotify_add_watch(fd_, folder.c_str(), kEvents);
    if (watch >= 0)
      folders_[watch] = folder;
    else if (errno != ENOENT && errno != ENOTDIR)
      error_ = fmt::format("inotify: {}: {}", folder, std::generic_category().message(errno));
  }
  for (const auto& [watch, folder] : before)
    if (!folders_.contains(watch)) ::inotify_rm_watch(fd_, watch);
}

bool FileWatch::concerns_us(int watch, std::uint32_t mask, std::string_view name) const {
  if ((mask & IN_Q_OVERFLOW) != 0) return true;
  const auto folder = folders_.find(watch);
  if (folder == folders_.end()) return false;
  if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0) return true;
  const auto interest = interests_.find(folder->second);
  if (interest == interests_.end()) return false;
  const bool named = interest->second.names.contains(name);
  if (!named && !(interest->second.config_files && is_config_name(name))) return false;
  return (mask & IN_CREATE) == 0 || !awaits_close(join(folder->second, std::string(name)));
}

bool FileWatch::drain() {
  bool ours = false;
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t size = ::read(fd_, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      ours = concerns_us(event.wd, event.mask, {name, ::strnlen(name, event.len)}) || ours;
      at += sizeof event + event.len;
    }
  }
  if (ours) arm();
  return ours;
}

}  // namespace gatehouse::file
