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

/// The pseudo-header fields of a request that RequestHead has no member for, and what the connection knows.
struct Http2Target {
  std::string_view scheme;
  std::string_view authority;         ///< empty: only a Host field names the host
  std::string_view protocol;          ///< of an Extended CONNECT (RFC 8441)
  std::string_view transport_scheme;  ///< "https" on TLS
  bool ends_here = false;             ///< no body follows
};

/// The same for a head that came over HTTP/2, whose field syntax and pseudo-header fields the session has
/// checked already (P2). In: method_name, target (:path) and fields, names in lower case. Out: as above; an
/// Extended CONNECT for a WebSocket becomes the GET of RFC 6455, without its key; crumbs of the cookie are
/// one field (H6), and the Host field is there (P4).
std::optional<Rejection> check_http2_request(RequestHead& head, const Http2Target& to,
                                             const RequestRules& rules, Arena& arena);

/// RFC 9110 9.1: case-sensitive; unknown methods are `other` and forwarded as they are (F17).
Method method_of(std::string_view name);

}  // namespace gatehouse::http
