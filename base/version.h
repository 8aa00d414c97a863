// SPDX-License-Identifier: Apache-2.0
// The version of this source tree; CMakeLists.txt says the same.
#pragma once

#include <string_view>

namespace gatehouse {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace gatehouse
