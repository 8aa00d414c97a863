// SPDX-License-Identifier: Apache-2.0
// Who may refer to what in another namespace: ReferenceGrants, indexed once per snapshot.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/objects/snapshot.h"

namespace gatehouse::translate {

/// The kind and namespace of an object that refers to others.
struct Referrer {
  std::string_view group;
  std::string_view kind;
  std::string_view ns;
};

struct Referent {
  std::string_view group;  ///< "" = core
  std::string_view kind;
  std::string_view ns;
  std::string_view name;
};

/// Shares the grants of a snapshot. Immutable.
class ReferenceGrants {
 public:
  using Grant = std::shared_ptr<const objects::ReferenceGrant>;

  ReferenceGrants() = default;
  explicit ReferenceGrants(const objects::ObjectMap<objects::ReferenceGrant>& grants);

  /// True within one namespace, and where a grant of the referent's namespace names both sides.
  bool permits(const Referrer& from, const Referent& to) const;
  /// All grants of a namespace, by name: what a memo compares.
  std::span<const Grant> in_namespace(std::string_view ns) const;

 private:
  std::map<std::string, std::vector<Grant>, std::less<>> by_namespace_;
};

}  // namespace gatehouse::translate
