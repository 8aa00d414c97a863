// SPDX-License-Identifier: Apache-2.0
// What the API server has of each object, as far as a writer of statuses needs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "controller/delivery.h"
#include "controller/status_diff.h"

namespace gatehouse::controller {

/// Fed by informers' deliveries, read by the writer of statuses and the recorder of events; in between, what
/// a write of ours was answered with. Any thread. Compact: tens of thousands of objects of others are in it.
class ObservedStatuses {
 public:
  /// Returns the names whose entry changed; those that are gone are not among them. Kinds whose status is
  /// not ours are left out.
  std::vector<std::string> apply(const Delivery& delivery);

  std::optional<ObservedObject> find(const ObjectKey& key) const;
  /// Only while the object is there with the same uid.
  void replace(const ObjectKey& key, const ObservedObject& now);
  void forget(const ObjectKey& key);

  /// Of all objects whose status has `text` somewhere, by key.
  std::vector<ObjectKey> mentioning(std::string_view text) const;

  std::size_t size() const;

 private:
  /// One object in one string: uid, resource version and status, one after the other.
  struct Compact {
    std::string text;
    std::int64_t generation = 0;
    std::uint16_t uid_size = 0;
    std::uint16_t version_size = 0;
    std::uint16_t api_version = 0;
    bool operator==(const Compact&) const = default;
  };
  using OfKind = std::unordered_map<std::string, Compact>;

  Compact pack(const ObservedObject& object);
  ObservedObject unpack(const Compact& compact) const;

  mutable std::mutex mutex_;
  std::map<std::string, OfKind> by_kind_;
  std::vector<std::string> api_versions_;
};

}  // namespace gatehouse::controller
