// SPDX-License-Identifier: Apache-2.0
#include "config/ir/words.h"

#include <fmt/format.h>

#include <array>
#include <set>
#include <vector>

namespace gatehouse::ir {
namespace {

void add_words(std::string& text, std::string_view what, const std::vector<ValueMatch>& values) {
  for (const auto& value : values)
    text += fmt::format(", {} {}{} {}", what, value.name, value.kind == ValueMatchKind::exact ? ":" : " ~",
                        value.value);
}

/// Where in the document a line stands: the names of what it is in.
struct Level {
  std::string path;
  int items = 0;
};

std::string unquoted(std::string_view scalar) {
  if (scalar.size() < 2 || scalar.front() != '"') return std::string(scalar);
  return std::string(scalar.substr(1, scalar.size() - 2));
}

std::string_view group_of(std::string_view path) {
  return path.substr(0, path.find_first_of(".["));
}

std::set<std::string_view> groups_of(const Fields& fields) {
  std::set<std::string_view> groups;
  for (const auto& [path, value] : fields) groups.insert(group_of(path));
  return groups;
}

/// "redirect (host a.test, status 301)".
std::string whole_group(std::string_view group, const Fields& fields) {
  std::string inside;
  for (const auto& [path, value] : fields) {
    if (group_of(path) != group) continue;
    if (path == group) return fmt::format("{} {}", group, value);
    auto name = std::string_view(path).substr(group.size());
    if (name.starts_with('.')) name.remove_prefix(1);
    inside += fmt::format("{}{} {}", inside.empty() ? "" : ", ", name, value);
  }
  return fmt::format("{} ({})", group, inside);
}

}  // namespace

std::string_view words(ListenerProtocol protocol) {
  constexpr std::array<std::string_view, 5> kNames{"HTTP", "HTTPS", "TLS", "TCP", "UDP"};
  return kNames.at(static_cast<std::size_t>(protocol));
}

std::string_view words(ClusterProtocol protocol) {
  constexpr std::array<std::string_view, 3> kNames{"HTTP/1.1", "HTTP/2", "by ALPN"};
  return kNames.at(static_cast<std::size_t>(protocol));
}

std::string words(const PathMatch& path) {
  switch (path.kind) {
    case PathMatchKind::exact:
      return "Exact " + path.value;
    case PathMatchKind::prefix:
      return "PathPrefix " + path.value;
    case PathMatchKind::regex:
      return "RegularExpression " + path.value;
  }
  return {};
}

std::string words(const RouteMatch& match) {
  std::string text = words(match.path);
  if (!match.method.empty()) text += ", method " + match.method;
  add_words(text, "header", match.headers);
  add_words(text, "query", match.query);
  return text;
}

std::string words(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  auto text = fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), endpoint.host, endpoint.port);
  if (endpoint.priority != 0) text += fmt::format(" priority {}", endpoint.priority);
  return text;
}

std::string words(std::chrono::milliseconds time) {
  if (time.count() == 0) return "off";
  if (time.count() % 1000 == 0) return fmt::format("{}s", time.count() / 1000);
  return fmt::format("{}ms", time.count());
}

Fields fields_of(std::string_view yaml) {
  Fields fields;
  std::vector<Level> levels(1);
  while (!yaml.empty()) {
    std::string_view line = yaml.substr(0, yaml.find('\n'));
    yaml.remove_prefix(std::min(line.size() + 1, yaml.size()));
    const auto indent = std::min(line.find_first_not_of(' '), line.size());
    line.remove_prefix(indent);
    std::size_t depth = indent / 2;
    const bool starts_item = line.starts_with("- ");
    if (starts_item) line.remove_prefix(2);
    if (depth >= levels.size()) continue;
    if (starts_item) {
      levels.resize(depth + 1);
      Level& list = levels.back();
      levels.push_back({fmt::format("{}[{}]", list.path, list.items++), 0});
      ++depth;
    }
    levels.resize(depth + 1);
    const auto colon = line.find(':');
    if (colon == line.npos) continue;
    const auto& in = levels.back().path;
    auto path =
        in.empty() ? std::string(line.substr(0, colon)) : fmt::format("{}.{}", in, line.substr(0, colon));
    if (colon + 1 == line.size())
      levels.push_back({std::move(path), 0});
    else
      fields.emplace(std::move(path), unquoted(line.substr(colon + 2)));
  }
  return fields;
}

std::string words_of_change(const Fields& before, const Fields& after) {
  std::string text;
  const auto add = [&text](const std::string& words) { text += (text.empty() ? "" : ", ") + words; };
  const auto old_groups = groups_of(before);
  const auto new_groups = groups_of(after);
  for (const auto group : new_groups)
    if (!old_groups.contains(group)) add(whole_group(group, after) + " added");
  for (const auto group : old_groups)
    if (!new_groups.contains(group)) add(whole_group(group, before) + " removed");
  for (const auto& [path, value] : after) {
    if (!old_groups.contains(group_of(path))) continue;
    const auto old = before.find(path);
    if (old == before.end())
      add(fmt::format("{} {} added", path, value));
    else if (old->second != value)
      add(fmt::format("{} {} -> {}", path, old->second, value));
  }
  for (const auto& [path, value] : before)
    if (new_groups.contains(group_of(path)) && !after.contains(path))
      add(fmt::format("{} {} removed", path, value));
  return text;
}

}  // namespace gatehouse::ir
