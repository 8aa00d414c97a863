// SPDX-License-Identifier: Apache-2.0
// host[:port] as it stands in Host, absolute targets and :authority (U1, U4).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/arena.h"

namespace gatehouse::http {

struct Authority {
  std::string_view text;   ///< as received, without an empty port's colon
  std::string_view host;   ///< lower case, without port and one trailing dot; "[::1]" keeps its brackets
  std::uint16_t port = 0;  ///< 0 = not given
};

/// Stricter than RFC 3986 on purpose: a name holds letters, digits and "-._~" only (no escapes, no
/// sub-delims, no userinfo), labels are not empty, at most 255 bytes; a literal is an IPv6 address; the port
/// is 1-65535. `host` is a view into `text` unless it had upper-case letters.
std::optional<Authority> parse_authority(std::string_view text, Arena& arena);

}  // namespace gatehouse::http
