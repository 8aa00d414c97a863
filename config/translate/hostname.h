// SPDX-License-Identifier: Apache-2.0
// Hostnames of listeners and routes: their form, and where two of them meet.
#pragma once

#include <string_view>

namespace gatehouse::translate {

/// Whether some host matches both. An empty hostname stands for every host; "*.example.com" matches any
/// number of labels in front, but not example.com itself.
bool hostnames_intersect(std::string_view a, std::string_view b);

}  // namespace gatehouse::translate
