// SPDX-License-Identifier: Apache-2.0
#include "controller/status_kinds.h"

#include <cassert>

#include "controller/watched_kinds.h"

namespace gatehouse::controller {

std::optional<std::size_t> status_kind(std::string_view kind) {
  for (std::size_t i = 0; i < kStatusKinds.size(); ++i)
    if (kStatusKinds[i] == kind) return i;
  return std::nullopt;
}

NamePair split_name(std::string_view full_name) {
  const auto slash = full_name.find('/');
  if (slash == std::string_view::npos) return {"", full_name};
  return {full_name.substr(0, slash), full_name.substr(slash + 1)};
}

std::string object_path(const ObjectKey& key, std::string_view api_version) {
  const auto* kind = find_watched_kind(key.kind);
  assert(kind);
  const auto version = api_version.substr(api_version.rfind('/') + 1);
  const auto [ns, name] = split_name(key.name);
  return object_path(*kind, version, ns, name);
}

}  // namespace gatehouse::controller
