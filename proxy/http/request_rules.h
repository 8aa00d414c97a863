// SPDX-License-Identifier: Apache-2.0
// The strict check of a request head between the parser and the router.
#pragma once

#include <cstdint>
#include <optional>

#include "base/arena.h"
#include "proxy/http/field_syntax.h"
#include "proxy/http/message.h"
#include "proxy/http/normalize_path.h"

namespace gatehouse::http {

/// What a listener lets through. One per listener, immutable.
struct RequestRules {
  Underscores underscores = Underscores::drop;
  bool http10_keep_alive = false;  ///< F29: RFC 9112 9.3 says no, some load tools want it
  std::uint32_t max_header_count = 100;
  std::uint32_t max_uri_bytes = 16 * 1024;
  PathRules path;
};

/// Checks everything the router and the forwarder rely on, and fills the derived members of `head`.
/// In: method_name, target, minor_version (0 or 1) and fields with their ids, all views raw.
/// Out: method, authority, host, path, query, expects_continue, upgrade, framing; fields lose what F13 drops,
/// a Host field gets the target's authority (U2). After a Rejection `head` is unspecified; the connection
/// closes. Allocates only in `arena`, and nothing for an ordinary request.
std::optional<Rejection> check_request(RequestHead& head, const RequestRules& rules, Arena& arena);

/// RFC 9110 9.1: case-sensitive; unknown methods are `other` and forwarded as they are (F17).
Method method_of(std::string_view name);

}  // namespace gatehouse::http
