// SPDX-License-Identifier: Apache-2.0
#include "controller/status_kinds.h"

#include <fmt/format.h>

namespace gatehouse::controller {

std::optional<std::size_t> status_kind(std::string_view kind) {
  for (std::size_t i = 0; i < kStatusKinds.size(); ++i)
    if (kStatusKinds[i].kind == kind) return i;
  return std::nullopt;
}

NamePair split_name(std::string_view full_name) {
  const auto slash = full_name.find('/');
  if (slash == std::string_view::npos) return {"", full_name};
  return {full_name.substr(0, slash), full_name.substr(slash + 1)};
}

std::string object_path(const ObjectKey& key, std::string_view api_version) {
  const auto kind = status_kind(key.kind);
  const auto plural = kind ? kStatusKinds[*kind].plural : std::string_view();
  const auto [ns, name] = split_name(key.name);
  if (ns.empty()) return fmt::format("/apis/{}/{}/{}", api_version, plural, name);
  return fmt::format("/apis/{}/namespaces/{}/{}/{}", api_version, ns, plural, name);
}

}  // namespace gatehouse::controller
