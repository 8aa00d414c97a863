// SPDX-License-Identifier: Apache-2.0
// kubeconfig files: contexts, clusters and users, merged as kubectl does.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/file/text_file.h"
#include "config/file/yaml_reader.h"
#include "config/objects/constraints.h"
#include "controller/access.h"

namespace gatehouse::controller {
namespace {

using nlohmann::json;
using objects::Problem;

/// An entry of a list of names, and the file it is from.
struct Entry {
  json value;
  std::string file;
};
using Entries = std::map<std::string, Entry>;

struct Merged {
  Entries contexts;
  Entries clusters;
  Entries users;
  std::string current_context;
};

Problem problem_at(std::string object, std::string field, std::string reason, std::string fix) {
  return {objects::Severity::error, std::move(object), std::move(field),
          std::move(reason),        std::move(fix),    {}};
}

std::string text_at(const json& object, std::string_view key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool flag_at(const json& object, std::string_view key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

void merge_entries(const json& document, std::string_view list, std::string_view value, Entries& into,
                   const std::string& file) {
  const auto found = document.find(list);
  if (found == document.end() || !found->is_array()) return;
  for (const auto& entry : *found) {
    if (!entry.is_object() || text_at(entry, "name").empty()) continue;
    const auto content = entry.find(value);
    if (content == entry.end() || !content->is_object()) continue;
    into.try_emplace(text_at(entry, "name"), Entry{*content, file});
  }
}

/// Reads one file's text; what it says lands in `merged`, what is wrong in `problems`.
void merge_file(const std::string& name, Merged& merged, std::vector<Problem>& problems) {
  const auto read = file::read_text_file(name);
  if (!read.error.empty()) {
    problems.push_back(problem_at("kubeconfig " + name, "", read.error, "name a file that can be read"));
    return;
  }
  auto outcome = file::read_yaml(read.text, name, [&](const json& document, const objects::SourceMap&) {
    merge_entries(document, "contexts", "context", merged.contexts, name);
    merge_entries(document, "clusters", "cluster", merged.clusters, name);
    merge_entries(document, "users", "user", merged.users, name);
    if (merged.current_context.empty()) merged.current_context = text_at(document, "current-context");
  });
  for (auto& problem : outcome.problems) problems.push_back(std::move(problem));
}

std::string names_of(const Entries& entries) {
  std::string names;
  for (const auto& [name, entry] : entries) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "none" : names;
}

/// One entry on its way into a ClusterAccess; problems name the entry.
class EntryReader {
 public:
  EntryReader(std::string object, const Entry& entry, std::vector<Problem>& problems)
      : object_(std::move(object)), entry_(entry), problems_(problems) {}

  std::string text(std::string_view key) const { return text_at(entry_.value, key); }
  bool flag(std::string_view key) const { return flag_at(entry_.value, key); }

  /// `key` names a file, `key`-data holds the same in base64 and wins, as with kubectl.
  TextSource source(std::string_view key) {
    TextSource found;
    const auto data_key = fmt::format("{}-data", key);
    if (const auto data = text(data_key); !data.empty()) {
      auto decoded = objects::decode_base64(data);
      if (!decoded) refuse(data_key, "is not base64", "copy it again, on one line");
      if (decoded) found.text = std::move(*decoded);
      return found;
    }
    return file_source(key);
  }

  TextSource file_source(std::string_view key) {
    TextSource found;
    const auto name = text(key);
    if (name.empty()) return found;
    const std::filesystem::path path(name);
    found.file =
        path.is_absolute() ? name : (std::filesystem::path(entry_.file).parent_path() / path).string();
    if (auto read = file::read_text_file(found.file); !read.error.empty())
      refuse(std::string(key), fmt::format("{}: {}", found.file, read.error), "name a file that can be read");
    return found;
  }

  void refuse_field(std::string_view key, std::string_view fix) {
    if (entry_.value.contains(key)) refuse(std::string(key), "is not supported", std::string(fix));
  }

  void refuse(std::string field, std::string reason, std::string fix) {
    problems_.push_back(problem_at(object_, std::move(field), std::move(reason), std::move(fix)));
  }

 private:
  std::string object_;
  const Entry& entry_;
  std::vector<Problem>& problems_;
};

void read_cluster(EntryReader reader, ClusterAccess& access) {
  access.server = reader.text("server");
  while (!access.server.empty() && access.server.back() == '/') access.server.pop_back();
  if (!access.server.starts_with("https://") && !access.server.starts_with("http://"))
    reader.refuse("server", "is no http or https URL", "write https://HOST:PORT");
  access.server_name = reader.text("tls-server-name");
  access.skip_verification = reader.flag("insecure-skip-tls-verify");
  access.authority = reader.source("certificate-authority");
  if (access.skip_verification && !access.authority.empty())
    reader.refuse("insecure-skip-tls-verify", "contradicts certificate-authority", "remove one of them");
  reader.refuse_field("proxy-url", "name a server that can be reached directly");
}

void read_user(EntryReader reader, ClusterAccess& access) {
  constexpr std::string_view kWithoutPlugins =
      "programs that get credentials are not run: use a token, a tokenFile or a client certificate; in a "
      "cluster, a service account (kubectl create token NAME makes a token of one)";
  reader.refuse_field("exec", kWithoutPlugins);
  reader.refuse_field("auth-provider", kWithoutPlugins);
  reader.refuse_field("username", "API servers take no passwords: use a token or a client certificate");
  for (const auto* field : {"as", "as-uid", "as-groups", "as-user-extra"})
    reader.refuse_field(field, "use the credentials of that account itself");
  access.certificate = reader.source("client-certificate");
  access.key = reader.source("client-key");
  if (access.certificate.empty() != access.key.empty())
    reader.refuse("client-certificate", "comes without its client-key, or the other way round", "give both");
  access.token = reader.file_source("tokenFile");
  if (access.token.empty()) access.token.text = reader.text("token");
}

/// The entry that a context refers to, or a problem.
const Entry* find_entry(const Entries& entries, const std::string& name, Problem problem,
                        std::vector<Problem>& problems) {
  const auto found = entries.find(name);
  if (found != entries.end()) return &found->second;
  problem.reason = fmt::format("there is no {}", name.empty() ? "name" : name);
  problem.fix = fmt::format("name one that there is: {}", names_of(entries));
  problems.push_back(std::move(problem));
  return nullptr;
}

std::string joined(const std::vector<std::string>& files) {
  std::string all;
  for (const auto& file : files) all += (all.empty() ? "" : ":") + file;
  return all;
}

}  // namespace

AccessOutcome access_from_kubeconfig(const std::vector<std::string>& files, const std::string& context) {
  AccessOutcome outcome;
  Merged merged;
  for (const auto& file : files) merge_file(file, merged, outcome.problems);
  if (!outcome.problems.empty()) return outcome;
  const auto name = context.empty() ? merged.current_context : context;
  const auto title = "kubeconfig " + joined(files);
  if (name.empty()) {
    outcome.problems.push_back(
        problem_at(title, "current-context", "is not set",
                   fmt::format("give --context; there is: {}", names_of(merged.contexts))));
    return outcome;
  }
  auto& problems = outcome.problems;
  const auto* chosen = find_entry(merged.contexts, name, problem_at(title, "contexts", "", ""), problems);
  if (chosen == nullptr) return outcome;
  const auto part = [&](const char* field) {
    return problem_at(fmt::format("{} context {}", title, name), field, "", "");
  };
  const auto cluster_name = text_at(chosen->value, "cluster");
  const auto user_name = text_at(chosen->value, "user");
  const auto* cluster = find_entry(merged.clusters, cluster_name, part("cluster"), problems);
  const Entry nobody;
  const auto* user =
      user_name.empty() ? &nobody : find_entry(merged.users, user_name, part("user"), problems);
  if (cluster == nullptr || user == nullptr) return outcome;

  ClusterAccess access;
  read_cluster(EntryReader(fmt::format("{} cluster {}", title, cluster_name), *cluster, problems), access);
  read_user(EntryReader(fmt::format("{} user {}", title, user_name), *user, problems), access);
  access.ns = text_at(chosen->value, "namespace");
  access.origin = fmt::format("context {} of {}", name, joined(files));
  if (problems.empty()) outcome.access = std::move(access);
  return outcome;
}

}  // namespace gatehouse::controller
