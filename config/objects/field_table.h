// SPDX-License-Identifier: Apache-2.0
// Fields of the Kubernetes schemas that no decoder reads, and what to say about them.
#pragma once

#include <cstdint>
#include <string_view>

namespace gatehouse::objects {

enum class FieldUse : std::uint8_t {
  unknown,      ///< not in the schema: probably misspelt
  silent,       ///< of no concern to a gateway
  unsupported,  ///< a gateway would act on it, this version does not
};

/// `pattern` is a path without indices: "spec.rules[].retry".
FieldUse field_use(std::string_view kind, std::string_view pattern);

}  // namespace gatehouse::objects
