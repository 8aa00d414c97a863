// SPDX-License-Identifier: Apache-2.0
// What differs between two snapshots, found by comparing pointers.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/objects/snapshot.h"

namespace gatehouse::translate {

struct Changes {
  std::vector<std::string> routes;     ///< HTTPRoutes that came, changed or went, by name
  std::set<std::string> endpoints_of;  ///< Services some of whose EndpointSlices did
  bool others = false;                 ///< anything else did

  bool empty() const { return routes.empty() && endpoints_of.empty() && !others; }
};

/// Remembers the snapshot that it saw last; objects are held, so that equal pointers mean equal objects.
class ChangeTracker {
 public:
  /// What has changed since the call before; everything, at the first one. Costs a pointer comparison per
  /// object.
  Changes update(const objects::Snapshot& now);

  /// Is the snapshot of the last update, as a copy of our own.
  objects::Snapshot& seen() { return seen_; }
  /// The EndpointSlices of "namespace/name", as a snapshot with nothing else but the Services.
  objects::ObjectMap<objects::EndpointSlice> slices_of(const std::string& service) const;

 private:
  objects::Snapshot seen_;
  std::map<std::string, std::set<std::string>, std::less<>> slices_by_service_;
};

}  // namespace gatehouse::translate
