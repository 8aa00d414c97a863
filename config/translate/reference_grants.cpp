// SPDX-License-Identifier: Apache-2.0
#include "config/translate/reference_grants.h"

#include <algorithm>

namespace gatehouse::translate {
namespace {

bool admits(const objects::ReferenceGrant& grant, const Referrer& from) {
  return std::any_of(grant.from.begin(), grant.from.end(), [&from](const auto& entry) {
    return entry.group == from.group && entry.kind == from.kind && entry.ns == from.ns;
  });
}

bool opens(const objects::ReferenceGrant& grant, const Referent& to) {
  return std::any_of(grant.to.begin(), grant.to.end(), [&to](const auto& entry) {
    return entry.group == to.group && entry.kind == to.kind && (!entry.name || *entry.name == to.name);
  });
}

}  // namespace

ReferenceGrants::ReferenceGrants(const objects::ObjectMap<objects::ReferenceGrant>& grants) {
  for (const auto& [name, grant] : grants) by_namespace_[grant->meta.ns].push_back(grant);
}

bool ReferenceGrants::permits(const Referrer& from, const Referent& to) const {
  if (from.ns == to.ns) return true;
  const auto grants = in_namespace(to.ns);
  return std::any_of(grants.begin(), grants.end(),
                     [&](const Grant& grant) { return admits(*grant, from) && opens(*grant, to); });
}

std::span<const ReferenceGrants::Grant> ReferenceGrants::in_namespace(std::string_view ns) const {
  const auto found = by_namespace_.find(ns);
  if (found == by_namespace_.end()) return {};
  return found->second;
}

}  // namespace gatehouse::translate
