// SPDX-License-Identifier: Apache-2.0
// Fields of the Kubernetes schemas that no decoder reads because no gateway needs them.
#pragma once

#include <string_view>

namespace gatehouse::objects {

/// Whether to pass over the field without a word. `pattern` is a path without indices:
/// "spec.ports[].nodePort".
bool is_silent_field(std::string_view kind, std::string_view pattern);

}  // namespace gatehouse::objects
