// SPDX-License-Identifier: Apache-2.0
// Which files, which of them changed, and what becomes of their objects.
#include "config/file/file_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.h"
#include "config/file/yaml_reader.h"
#include "config/objects/decode.h"

namespace gatehouse::file {
namespace {

using objects::Problem;

Problem file_problem(std::string path, std::string reason, std::string fix) {
  Problem problem;
  problem.reason = std::move(reason);
  problem.fix = std::move(fix);
  problem.location = std::move(path);
  return problem;
}

/// All that one file says.
struct FileContent {
  std::vector<objects::AnyObject> objects;
  std::set<std::string> refused;  ///< identities of objects with errors
  bool nameless_problem = false;  ///< a document that cannot tell which object it was
  bool broken = false;
  std::vector<Problem> problems;
  std::map<std::string, std::size_t> unknown_kinds;
};

/// Collects the documents of one file.
class ContentReader {
 public:
  void take(const nlohmann::json& value, const objects::SourceMap& locations);
  FileContent finish(YamlOutcome outcome);

 private:
  void take_object(objects::AnyObject object, const std::string& identity,
                   const objects::SourceMap& locations);

  FileContent content_;
  std::set<std::string> seen_;
};

void ContentReader::take_object(objects::AnyObject object, const std::string& identity,
                                const objects::SourceMap& locations) {
  if (seen_.insert(identity).second) {
    content_.objects.push_back(std::move(object));
    return;
  }
  auto problem = file_problem(locations.locate({}), "is in this file twice; the first is used", "keep one");
  problem.object = identity;
  content_.problems.push_back(std::move(problem));
}

void ContentReader::take(const nlohmann::json& value, const objects::SourceMap& locations) {
  auto decoded = objects::decode_object(value, &locations);
  for (auto& problem : decoded.problems) content_.problems.push_back(std::move(problem));
  if (decoded.object)
    take_object(*std::move(decoded.object), decoded.identity, locations);
  else if (!decoded.unknown_kind.empty())
    ++content_.unknown_kinds[decoded.unknown_kind];
  else if (!decoded.identity.empty())
    content_.refused.insert(decoded.identity);
  else
    content_.nameless_problem = true;
}

FileContent ContentReader::finish(YamlOutcome outcome) {
  content_.broken = outcome.broken;
  content_.nameless_problem = content_.nameless_problem || !outcome.problems.empty();
  for (auto& problem : outcome.problems) content_.problems.push_back(std::move(problem));
  return std::move(content_);
}

FileContent read_content(const std::string& text, const std::string& path) {
  ContentReader reader;
  auto outcome = read_yaml(text, path, [&](const nlohmann::json& value, const objects::SourceMap& locations) {
    reader.take(value, locations);
  });
  return reader.finish(std::move(outcome));
}

/// Adds the last good version of every object that the file has no good version of now.
void keep_last_good(FileContent& content, const std::vector<objects::AnyObject>& before) {
  std::set<std::string> present;
  for (const auto& object : content.objects) present.insert(identity(object));
  for (const auto& object : before) {
    const auto id = identity(object);
    const bool may_be_meant = content.nameless_problem || content.refused.contains(id);
    if (may_be_meant && !present.contains(id)) content.objects.push_back(object);
  }
}

bool has_all(const FileContent& content, const std::vector<objects::AnyObject>& before) {
  std::set<std::string> present;
  for (const auto& object : content.objects) present.insert(identity(object));
  return std::all_of(before.begin(), before.end(),
                     [&](const auto& object) { return present.contains(identity(object)); });
}

bool is_settled(const FileStamp& stamp) {
  const auto now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(system_clock().wall().time_since_epoch());
  return stamp.modified < (now - kStampStep).count();
}

/// Neither renamed over the old one nor left alone since: whoever writes may be between two writes.
bool is_in_the_making(const std::optional<FileStamp>& before, const std::optional<FileStamp>& now) {
  return before && now && before->device == now->device && before->inode == now->inode && !is_settled(*now);
}

/// False for a file deleted since its folder was listed, and for a link whose target is gone: so looks for a
/// moment a mounted ConfigMap that loses a key.
bool leads_somewhere(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error) || error;
}

}  // namespace

/// The files that exist now.
struct FileSource::Found {
  std::map<std::string, std::string> files;         ///< path -> folder, empty when given by name
  std::map<std::string, std::string> lost_folders;  ///< path -> why
};

FileSource::FileSource(std::vector<std::string> paths, objects::ObjectStore& store)
    : paths_(std::move(paths)), store_(store) {
  for (auto& path : paths_) path = std::filesystem::path(path).lexically_normal().string();
}

FileSource::Found FileSource::find_files() const {
  Found found;
  for (const auto& path : paths_) {
    const bool was_folder = std::any_of(files_.begin(), files_.end(),
                                        [&](const auto& entry) { return entry.second.folder == path; });
    if (!was_folder && !is_directory(path)) {
      found.files.insert_or_assign(path, "");
      continue;
    }
    auto listing = list_config_files(path);
    for (auto& file : listing.files) found.files.emplace(std::move(file), path);
    if (!listing.error.empty()) found.lost_folders[path] = listing.error;
  }
  return found;
}

bool FileSource::refresh(const std::string& path, FileState& state) {
  // The stamp comes first: a write between it and the read makes the next load read again.
  auto stamp = stamp_of(path);
  if (stamp && state.stamp == stamp) return false;
  const bool changed = read(path, state, stamp);
  state.stamp.reset();
  if (stamp && !state.unreadable && is_settled(*stamp)) state.stamp = std::move(stamp);
  return changed;
}

bool FileSource::read(const std::string& path, FileState& state, const std::optional<FileStamp>& stamp) {
  const auto file = read_text_file(path);
  state.half_written = false;
  state.unreadable = !file.error.empty();
  if (state.unreadable) {
    state.broken = true;
    state.problems = {
        file_problem(path, "cannot be read: " + file.error, "check the path and its permissions")};
    return false;
  }
  auto content = read_content(file.text, path);
  const auto before = store_.contributed(path);
  if (!content.broken && is_in_the_making(state.used, stamp)) {
    const bool is_less = static_cast<std::int64_t>(file.text.size()) < state.used->size;
    state.half_written = is_less || !has_all(content, before);
    if (state.half_written) return false;
  }
  state.broken = content.broken;
  state.problems = std::move(content.problems);
  if (content.broken) return false;
  state.unknown_kinds = content.unknown_kinds;
  keep_last_good(content, before);
  state.used = stamp;
  return store_.apply(path, content.objects);
}

bool FileSource::forget_missing(const Found& found) {
  bool changed = false;
  for (auto it = files_.begin(); it != files_.end();) {
    if (found.files.contains(it->first) || found.lost_folders.contains(it->second.folder)) {
      ++it;
      continue;
    }
    changed = store_.apply(it->first, {}) || changed;
    it = files_.erase(it);
  }
  return changed;
}

void FileSource::collect(LoadReport& report) const {
  for (const auto& [path, state] : files_) {
    report.files.push_back(path);
    report.unreadable = report.unreadable || state.unreadable;
    report.problems.insert(report.problems.end(), state.problems.begin(), state.problems.end());
    for (const auto& [kind, count] : state.unknown_kinds) report.unknown_kinds[kind] += count;
  }
  for (auto& problem : store_.conflicts()) report.problems.push_back(std::move(problem));
  if (report.unknown_kinds.empty()) return;
  std::string list;
  for (const auto& [kind, count] : report.unknown_kinds)
    list +=
        fmt::format("{}{}{}", list.empty() ? "" : ", ", kind, count > 1 ? fmt::format(" x{}", count) : "");
  Problem problem;
  problem.severity = objects::Severity::warning;
  problem.reason = "skipped kinds that this version does not read: " + list;
  report.problems.push_back(std::move(problem));
}

LoadReport FileSource::load() {
  LoadReport report;
  auto found = find_files();
  for (auto at = found.files.begin(); at != found.files.end();) {
    const auto& [path, folder] = *at;
    auto& state = files_[path];
    state.folder = folder;
    report.changed = refresh(path, state) || report.changed;
    report.unsettled = report.unsettled || state.half_written;
    const bool is_gone = state.unreadable && !folder.empty() && !leads_somewhere(path);
    at = is_gone ? found.files.erase(at) : std::next(at);
  }
  report.changed = forget_missing(found) || report.changed;
  for (const auto& [folder, why] : found.lost_folders) {
    report.unreadable = true;
    report.problems.push_back(
        file_problem(folder, "cannot be listed: " + why, "check the path and its permissions"));
  }
  collect(report);

  std::set<std::string> lines;
  for (const auto& problem : report.problems) {
    auto line = to_line(problem);
    if (!reported_.contains(line) && !lines.contains(line)) report.fresh.push_back(problem);
    lines.insert(std::move(line));
  }
  reported_ = std::move(lines);
  return report;
}

std::vector<std::string> FileSource::broken_files() const {
  std::vector<std::string> broken;
  for (const auto& [path, state] : files_)
    if (state.broken) broken.push_back(path);
  return broken;
}

}  // namespace gatehouse::file
