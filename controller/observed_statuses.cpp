// SPDX-License-Identifier: Apache-2.0
#include "controller/observed_statuses.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "controller/status_kinds.h"

namespace gatehouse::controller {

std::vector<std::string> ObservedStatuses::apply(const Delivery& delivery) {
  std::vector<std::string> changed;
  if (!has_status_of_ours(delivery.kind)) return changed;
  const std::lock_guard lock(mutex_);
  auto& known = by_kind_[delivery.kind];
  if (delivery.whole) {
    std::unordered_set<std::string_view> there;
    for (const auto& arrival : delivery.arrivals) there.insert(arrival.name);
    std::erase_if(known, [&](const auto& entry) { return !there.contains(entry.first); });
  }
  for (const auto& arrival : delivery.arrivals) {
    auto packed = pack(arrival.observed);
    auto& entry = known[arrival.name];
    if (entry == packed) continue;
    entry = std::move(packed);
    changed.push_back(arrival.name);
  }
  for (const auto& name : delivery.gone) known.erase(name);
  return changed;
}

std::optional<ObservedObject> ObservedStatuses::find(const ObjectKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto kind = by_kind_.find(key.kind);
  if (kind == by_kind_.end()) return std::nullopt;
  const auto at = kind->second.find(key.name);
  if (at == kind->second.end()) return std::nullopt;
  return unpack(at->second);
}

void ObservedStatuses::replace(const ObjectKey& key, const ObservedObject& now) {
  const std::lock_guard lock(mutex_);
  const auto kind = by_kind_.find(key.kind);
  if (kind == by_kind_.end()) return;
  const auto at = kind->second.find(key.name);
  if (at == kind->second.end() || unpack(at->second).uid != now.uid) return;
  at->second = pack(now);
}

void ObservedStatuses::forget(const ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  const auto kind = by_kind_.find(key.kind);
  if (kind != by_kind_.end()) kind->second.erase(key.name);
}

std::vector<ObjectKey> ObservedStatuses::mentioning(std::string_view text) const {
  std::vector<ObjectKey> keys;
  const std::lock_guard lock(mutex_);
  for (const auto& [kind, known] : by_kind_)
    for (const auto& [name, entry] : known)
      if (entry.text.find(text) != std::string::npos) keys.push_back({kind, name});
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::size_t ObservedStatuses::size() const {
  const std::lock_guard lock(mutex_);
  std::size_t size = 0;
  for (const auto& [kind, known] : by_kind_) size += known.size();
  return size;
}

ObservedStatuses::Compact ObservedStatuses::pack(const ObservedObject& object) {
  auto version = std::find(api_versions_.begin(), api_versions_.end(), object.api_version);
  if (version == api_versions_.end()) version = api_versions_.insert(version, object.api_version);
  Compact compact;
  compact.text.reserve(object.uid.size() + object.resource_version.size() + object.status.size());
  compact.text.append(object.uid).append(object.resource_version).append(object.status);
  compact.generation = object.generation;
  compact.uid_size = static_cast<std::uint16_t>(object.uid.size());
  compact.version_size = static_cast<std::uint16_t>(object.resource_version.size());
  compact.api_version = static_cast<std::uint16_t>(version - api_versions_.begin());
  return compact;
}

ObservedObject ObservedStatuses::unpack(const Compact& compact) const {
  const std::size_t status_at = std::size_t{compact.uid_size} + compact.version_size;
  return {.uid = compact.text.substr(0, compact.uid_size),
          .resource_version = compact.text.substr(compact.uid_size, compact.version_size),
          .generation = compact.generation,
          .api_version = api_versions_[compact.api_version],
          .status = compact.text.substr(status_at)};
}

}  // namespace gatehouse::controller
