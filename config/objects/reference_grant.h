// SPDX-License-Identifier: Apache-2.0
// ReferenceGrant (gateway.networking.k8s.io/v1, v1beta1): lets objects of other namespaces refer to ones
// here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/objects/metadata.h"

namespace gatehouse::objects {

struct ReferenceGrantFrom {
  std::string group;
  std::string kind;
  std::string ns;
  bool operator==(const ReferenceGrantFrom&) const = default;
};

struct ReferenceGrantTo {
  std::string group;  ///< "" = core
  std::string kind;
  std::optional<std::string> name;  ///< absent: every name
  bool operator==(const ReferenceGrantTo&) const = default;
};

/// Every `from` may refer to every `to`.
struct ReferenceGrant {
  static constexpr const char* kKind = "ReferenceGrant";
  ObjectMeta meta;
  std::vector<ReferenceGrantFrom> from;
  std::vector<ReferenceGrantTo> to;
  bool operator==(const ReferenceGrant&) const = default;
};

}  // namespace gatehouse::objects
