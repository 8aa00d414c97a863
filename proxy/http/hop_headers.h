// SPDX-License-Identifier: Apache-2.0
// Fields that concern one connection only and end at the gateway (H1, RFC 9110 7.6.1).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "proxy/http/message.h"

namespace gatehouse::http {

/// Whether this message's trailers are forwarded; if not, its Trailer field goes too.
enum class Trailers : std::uint8_t { dropped, forwarded };

/// Removes what any Connection field names, then Connection, Keep-Alive, Proxy-Connection, TE (a "trailers"
/// in it stays, as the only option), Trailer, Transfer-Encoding, Upgrade, HTTP2-Settings. Naming a field the
/// gateway writes or needs itself (Host, Content-Length, X-Forwarded-*, Forwarded, X-Real-IP, X-Request-Id,
/// Via, Date) has no effect. In place, order kept, allocates nothing. `fields` has passed check_request or
/// check_response. A forwarded upgrade gets its Upgrade and Connection fields from the serialiser.
void remove_hop_fields(HeaderList& fields, Trailers trailers);

/// The names listed in Connection that stand for fields (not close, keep-alive, upgrade, te), for
/// ChunkedRules. Views into the fields' values; the span lives in `arena`. Call before remove_hop_fields.
std::span<const std::string_view> connection_names(const HeaderList& fields, Arena& arena);

}  // namespace gatehouse::http
