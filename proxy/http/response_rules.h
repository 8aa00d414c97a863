// SPDX-License-Identifier: Apache-2.0
// The strict check of a response head from an upstream.
#pragma once

#include <cstdint>
#include <optional>

#include "proxy/http/message.h"

namespace gatehouse::http {

/// What the request of this response asked for, and the limit on its fields.
struct ResponseRules {
  Method request_method = Method::get;
  bool upgrade_asked = false;  ///< the forwarded request carried an Upgrade field
  std::uint32_t max_header_count = 256;
};

/// In: status, reason, minor_version and fields with their ids. Out: framing; Content-Length is left at most
/// once, in canonical form, and not at all where RFC 9110 8.6 forbids it. A Rejection (always 502) means:
/// drop the upstream connection, nothing of the response may be forwarded (B6). An interim response (1xx but
/// 101) has no body and keeps the connection; the final one follows.
std::optional<Rejection> check_response(ResponseHead& head, const ResponseRules& rules);

}  // namespace gatehouse::http
