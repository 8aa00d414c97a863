// SPDX-License-Identifier: Apache-2.0
#include "config/ir/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace gatehouse::ir {
namespace {

template <typename T>
using Parts = std::map<std::string_view, const T*>;

Parts<Listener> listeners_of(const Config& config) {
  Parts<Listener> parts;
  for (const auto& listener : config.listeners) parts.emplace(listener->name, listener.get());
  return parts;
}

Parts<HttpRoute> routes_of(const Config& config) {
  Parts<HttpRoute> parts;
  for (const auto& listener : config.listeners)
    for (const auto& attachment : listener->routes)
      parts.emplace(attachment.route->key, attachment.route.get());
  return parts;
}

Parts<Cluster> clusters_of(const Config& config) {
  Parts<Cluster> parts;
  for (const auto& cluster : config.clusters) parts.emplace(cluster->key, cluster.get());
  return parts;
}

/// A listener's routes are reported on their own: here only which of them it serves, and under which names.
std::string what_changed(const Listener& before, const Listener& after) {
  std::string words;
  const auto add = [&words](std::string_view word) { words.append(words.empty() ? "" : ", ").append(word); };
  if (before.binds != after.binds) add("addresses");
  if (before.advertised_port != after.advertised_port) add("port");
  if (before.hostname != after.hostname) add("hostname");
  if (before.limits != after.limits) add("limits");
  const auto attached_alike = [](const Attachment& a, const Attachment& b) {
    return a.route->key == b.route->key && a.hostnames == b.hostnames;
  };
  if (!std::equal(before.routes.begin(), before.routes.end(), after.routes.begin(), after.routes.end(),
                  attached_alike))
    add(fmt::format("attached routes ({} -> {})", before.routes.size(), after.routes.size()));
  return words;
}

std::string what_changed(const HttpRoute& before, const HttpRoute& after) {
  if (before == after) return {};
  if (before.rules.size() != after.rules.size())
    return fmt::format("rules ({} -> {})", before.rules.size(), after.rules.size());
  std::string words;
  for (std::size_t i = 0; i < after.rules.size(); ++i)
    if (before.rules[i] != after.rules[i]) words += fmt::format("{}rule {}", words.empty() ? "" : ", ", i);
  return words.empty() ? "age" : words;
}

std::string what_changed(const Cluster& before, const Cluster& after) {
  if (before == after) return {};
  if (before.endpoints == after.endpoints) return "pool limits";
  return fmt::format("endpoints ({} -> {})", before.endpoints.size(), after.endpoints.size());
}

template <typename T>
void compare(std::string_view kind, const Parts<T>& before, const Parts<T>& after,
             std::vector<std::string>& to) {
  for (const auto& [name, part] : after)
    if (!before.contains(name)) to.push_back(fmt::format("{} {} added", kind, name));
  for (const auto& [name, part] : before)
    if (!after.contains(name)) to.push_back(fmt::format("{} {} removed", kind, name));
  for (const auto& [name, part] : after) {
    const auto old = before.find(name);
    if (old == before.end() || old->second == part) continue;
    const auto words = what_changed(*old->second, *part);
    if (!words.empty()) to.push_back(fmt::format("{} {} changed: {}", kind, name, words));
  }
}

}  // namespace

std::vector<std::string> diff(const Config& before, const Config& after) {
  std::vector<std::string> sentences;
  compare("listener", listeners_of(before), listeners_of(after), sentences);
  compare("route", routes_of(before), routes_of(after), sentences);
  compare("cluster", clusters_of(before), clusters_of(after), sentences);
  return sentences;
}

}  // namespace gatehouse::ir
