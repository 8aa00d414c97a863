// SPDX-License-Identifier: Apache-2.0
// Candidates per object, the winner in the snapshot.
#include "config/objects/object_store.h"

#include <fmt/format.h>

#include <atomic>

namespace gatehouse::objects {
namespace {

template <typename T>
ObjectMap<T>& map_for(Snapshot& snapshot, const std::shared_ptr<const T>&) {
  return objects_of<T>(snapshot);
}

/// A feed that nobody empties ends here; then snapshots have to be compared.
constexpr std::size_t kMostChanges = 50'000;

std::uint64_t next_store() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

void insert(Snapshot& snapshot, const AnyObject& object) {
  std::visit([&](const auto& pointer) { map_for(snapshot, pointer)[pointer->meta.full_name()] = pointer; },
             object);
}

void erase(Snapshot& snapshot, const AnyObject& object) {
  std::visit([&](const auto& pointer) { map_for(snapshot, pointer).erase(pointer->meta.full_name()); },
             object);
}

}  // namespace

ObjectStore::ObjectStore() {
  snapshot_.feed.store = next_store();
}

bool ObjectStore::apply(const std::string& source, const std::vector<AnyObject>& objects) {
  auto& mine = by_source_[source];
  std::set<std::string> gone;
  gone.swap(mine);
  std::set<std::string> touched;
  for (const auto& object : objects) {
    auto id = identity(object);
    if (!mine.insert(id).second) continue;
    gone.erase(id);
    auto [entry, is_new] = by_identity_[id].try_emplace(source, object);
    if (!is_new && equal_content(entry->second, object)) continue;
    entry->second = object;
    touched.insert(std::move(id));
  }
  for (const auto& id : gone) {
    by_identity_[id].erase(source);
    touched.insert(id);
  }
  if (mine.empty()) by_source_.erase(source);
  return publish_all(touched);
}

bool ObjectStore::upsert(const std::string& source, const std::vector<AnyObject>& objects) {
  std::set<std::string> touched;
  auto& mine = by_source_[source];
  for (const auto& object : objects) {
    auto id = identity(object);
    mine.insert(id);
    auto [entry, is_new] = by_identity_[id].try_emplace(source, object);
    if (!is_new && equal_content(entry->second, object)) continue;
    entry->second = object;
    touched.insert(std::move(id));
  }
  return publish_all(touched);
}

bool ObjectStore::remove(const std::string& source, const std::vector<std::string>& identities) {
  const auto mine = by_source_.find(source);
  if (mine == by_source_.end()) return false;
  std::set<std::string> touched;
  for (const auto& id : identities) {
    if (mine->second.erase(id) == 0) continue;
    by_identity_[id].erase(source);
    touched.insert(id);
  }
  if (mine->second.empty()) by_source_.erase(mine);
  return publish_all(touched);
}

bool ObjectStore::publish_all(const std::set<std::string>& ids) {
  bool changed = false;
  for (const auto& id : ids) changed = publish(id) || changed;
  if (changed) snapshot_.feed.until = ++generation_;
  if (snapshot_.feed.objects.size() > kMostChanges) forget_changes();
  return changed;
}

void ObjectStore::forget_changes() {
  snapshot_.feed.objects.clear();
  snapshot_.feed.since = generation_;
}

void ObjectStore::note(const AnyObject& object) {
  std::visit(
      [this](const auto& pointer) {
        using Object = std::decay_t<decltype(*pointer)>;
        snapshot_.feed.objects.push_back({Object::kKind, pointer->meta.full_name()});
      },
      object);
}

bool ObjectStore::publish(const std::string& id) {
  const auto entry = by_identity_.find(id);
  const auto shown = published_.find(id);
  if (entry->second.size() > 1)
    contested_.insert(id);
  else
    contested_.erase(id);
  if (entry->second.empty()) {
    by_identity_.erase(entry);
    note(shown->second);
    erase(snapshot_, shown->second);
    published_.erase(shown);
    return true;
  }
  const auto& winner = entry->second.begin()->second;
  if (shown != published_.end() && equal_content(shown->second, winner)) return false;
  note(winner);
  insert(snapshot_, winner);
  published_.insert_or_assign(id, winner);
  return true;
}

std::vector<AnyObject> ObjectStore::contributed(const std::string& source) const {
  std::vector<AnyObject> objects;
  const auto ids = by_source_.find(source);
  if (ids == by_source_.end()) return objects;
  for (const auto& id : ids->second) objects.push_back(by_identity_.at(id).at(source));
  return objects;
}

std::vector<Problem> ObjectStore::conflicts() const {
  std::vector<Problem> problems;
  for (const auto& id : contested_) {
    const auto& candidates = by_identity_.at(id);
    const auto& winner = candidates.begin()->first;
    for (auto loser = std::next(candidates.begin()); loser != candidates.end(); ++loser) {
      Problem problem;
      problem.object = id;
      problem.reason = fmt::format("is in {} and in {}; the first is used", winner, loser->first);
      problem.fix = "keep it in one of them";
      problem.location = loser->first;
      problems.push_back(std::move(problem));
    }
  }
  return problems;
}

}  // namespace gatehouse::objects
