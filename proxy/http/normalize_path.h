// SPDX-License-Identifier: Apache-2.0
// The one form of a path that is both routed on and forwarded (U5-U7).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"

namespace gatehouse::http {

/// U6: %2F and %5C are data of their segment, or refused where a backend is known to decode them.
enum class EscapedSlashes : std::uint8_t { keep, reject };

struct PathRules {
  bool merge_slashes = false;  ///< U7: off, as the Gateway API's own conformance expects
  EscapedSlashes escaped_slashes = EscapedSlashes::keep;
};

/// Decodes %-escapes of unreserved characters, upper-cases the hex of the others, removes dot segments (also
/// escaped ones). Refuses what does not start with '/', a ".." above the root, a broken escape, %00 and bytes
/// of U3. One pass, so nothing is decoded twice; idempotent. Returns `raw` itself when it is normal already,
/// else arena text.
Result<std::string_view> normalize_path(std::string_view raw, const PathRules& rules, Arena& arena);

}  // namespace gatehouse::http
