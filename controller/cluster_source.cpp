// SPDX-License-Identifier: Apache-2.0
#include "controller/cluster_source.h"

#include <algorithm>
#include <set>
#include <utility>

namespace gatehouse::controller {
namespace {

/// One source of the store per kind, so that a list replaces nothing of another kind.
std::string source_of(const Delivery& delivery) {
  return "API server: " + delivery.kind;
}

std::string identity_of(const std::string& kind, const std::string& name) {
  return kind + " " + name;
}

}  // namespace

bool ClusterSource::take(const Delivery& delivery) {
  note(delivery);
  const auto source = source_of(delivery);
  return delivery.whole ? replace_all(source, delivery) : change(source, delivery);
}

bool ClusterSource::replace_all(const std::string& source, const Delivery& delivery) {
  std::vector<objects::AnyObject> objects;
  std::set<std::string> broken;
  for (const auto& arrival : delivery.arrivals) {
    if (arrival.object)
      objects.push_back(*arrival.object);
    else
      broken.insert(identity_of(delivery.kind, arrival.name));
  }
  if (!broken.empty())
    for (auto& old : store_.contributed(source))
      if (broken.contains(objects::identity(old))) objects.push_back(std::move(old));
  return store_.apply(source, objects);
}

bool ClusterSource::change(const std::string& source, const Delivery& delivery) {
  std::vector<objects::AnyObject> objects;
  for (const auto& arrival : delivery.arrivals)
    if (arrival.object) objects.push_back(*arrival.object);
  std::vector<std::string> gone;
  for (const auto& name : delivery.gone) gone.push_back(identity_of(delivery.kind, name));
  const bool added = !objects.empty() && store_.upsert(source, objects);
  const bool removed = !gone.empty() && store_.remove(source, gone);
  return added || removed;
}

void ClusterSource::note(const Delivery& delivery) {
  auto& known = problems_[delivery.kind];
  ByName before;
  if (delivery.whole) before.swap(known);
  for (const auto& name : delivery.gone) known.erase(name);
  for (const auto& arrival : delivery.arrivals) {
    auto& old = delivery.whole ? before[arrival.name] : known[arrival.name];
    for (const auto& problem : arrival.problems)
      if (std::find(old.begin(), old.end(), problem) == old.end()) fresh_.push_back(problem);
    if (arrival.problems.empty())
      known.erase(arrival.name);
    else
      known[arrival.name] = arrival.problems;
  }
}

std::vector<objects::Problem> ClusterSource::fresh_problems() {
  return std::exchange(fresh_, {});
}

std::vector<objects::Problem> ClusterSource::problems() const {
  std::vector<objects::Problem> all;
  for (const auto& [kind, by_name] : problems_)
    for (const auto& [name, problems] : by_name) all.insert(all.end(), problems.begin(), problems.end());
  return all;
}

}  // namespace gatehouse::controller
