// SPDX-License-Identifier: Apache-2.0
// What differs between two snapshots: told by the feed of their store, or found by comparing pointers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/objects/snapshot.h"
#include "config/translate/route_forms.h"

namespace gatehouse::translate {

/// One object; null where there was none, or is none any more.
template <typename T>
struct Edit {
  std::string name;
  std::shared_ptr<const T> before;
  std::shared_ptr<const T> after;
};

/// Kinds whose changes often concern little or nothing are told object by object.
struct Changes {
  RouteNames routes;
  std::set<std::string> endpoints_of;  ///< Services some of whose EndpointSlices changed
  std::vector<Edit<objects::Service>> services;
  std::vector<Edit<objects::Namespace>> namespaces;
  std::vector<Edit<objects::Gateway>> gateways;
  bool others = false;  ///< anything else did
};

/// Remembers the snapshot that it saw last; objects are held, so that equal pointers mean equal objects.
class ChangeTracker {
 public:
  /// What has changed since the call before; everything, at the first one. Costs a look-up per entry of the
  /// feed; where the feed does not go back far enough, a pointer comparison per object.
  Changes update(const objects::Snapshot& now);

  /// Is the snapshot of the last update, as a copy of our own.
  const objects::Snapshot& seen() const { return seen_; }
  /// The EndpointSlices of "namespace/name".
  objects::ObjectMap<objects::EndpointSlice> slices_of(const std::string& service) const;

 private:
  void compare(const objects::Snapshot& now, Changes& to);
  void follow_feed(const objects::Snapshot& now, Changes& to);

  objects::Snapshot seen_;
  std::size_t fed_ = 0;  ///< entries of the feed that were followed
  std::map<std::string, std::set<std::string>, std::less<>> slices_by_service_;
};

}  // namespace gatehouse::translate
