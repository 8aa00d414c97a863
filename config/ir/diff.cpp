// SPDX-License-Identifier: Apache-2.0
#include "config/ir/diff.h"

#include <fmt/format.h>

#include <map>

#include "config/ir/diff_parts.h"

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

Parts<L4Route> l4_routes_of(const Config& config) {
  Parts<L4Route> parts;
  for (const auto& listener : config.listeners)
    for (const auto& attachment : listener->l4_routes)
      parts.emplace(attachment.route->key, attachment.route.get());
  return parts;
}

Parts<Cluster> clusters_of(const Config& config) {
  Parts<Cluster> parts;
  for (const auto& cluster : config.clusters) parts.emplace(cluster->key, cluster.get());
  return parts;
}

template <typename T>
void compare(Change::Kind kind, const Parts<T>& before, const Parts<T>& after, std::vector<Change>& to) {
  for (const auto& [name, part] : after)
    if (!before.contains(name)) to.push_back({kind, Change::Action::added, std::string(name), {}});
  for (const auto& [name, part] : before)
    if (!after.contains(name)) to.push_back({kind, Change::Action::removed, std::string(name), {}});
  for (const auto& [name, part] : after) {
    const auto old = before.find(name);
    if (old == before.end() || old->second == part) continue;
    auto details = what_changed(*old->second, *part);
    if (!details.empty())
      to.push_back({kind, Change::Action::changed, std::string(name), std::move(details)});
  }
}

}  // namespace

std::string_view name_of(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::listener:
      return "listener";
    case Change::Kind::route:
      return "route";
    case Change::Kind::cluster:
      return "cluster";
  }
  return {};
}

std::string_view name_of(Change::Action action) {
  switch (action) {
    case Change::Action::added:
      return "added";
    case Change::Action::removed:
      return "removed";
    case Change::Action::changed:
      return "changed";
  }
  return {};
}

std::vector<Change> changes(const Config& before, const Config& after) {
  std::vector<Change> found;
  compare(Change::Kind::listener, listeners_of(before), listeners_of(after), found);
  compare(Change::Kind::route, routes_of(before), routes_of(after), found);
  compare(Change::Kind::route, l4_routes_of(before), l4_routes_of(after), found);
  compare(Change::Kind::cluster, clusters_of(before), clusters_of(after), found);
  return found;
}

std::string to_line(const Change& change) {
  auto line = fmt::format("{} {} {}", name_of(change.kind), change.name, name_of(change.action));
  if (!change.details.empty()) line += fmt::format(": {}", fmt::join(change.details, "; "));
  return line;
}

std::vector<std::string> diff(const Config& before, const Config& after) {
  std::vector<std::string> lines;
  for (const auto& change : changes(before, after)) lines.push_back(to_line(change));
  return lines;
}

}  // namespace gatehouse::ir
