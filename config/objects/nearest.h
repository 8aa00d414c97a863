// SPDX-License-Identifier: Apache-2.0
// What somebody probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gatehouse::objects {

/// The candidate with the fewest edits from `text`, ignoring case; empty when none is near.
std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates);

/// "did you mean X?", or empty.
std::string suggest(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace gatehouse::objects
