// SPDX-License-Identifier: Apache-2.0
// HTTPCORSFilter: preflights are answered here, other answers get the fields that browsers ask for.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "config/ir/filters.h"
#include "proxy/http/message.h"

namespace gatehouse::proxy {

/// What one request asks of a CORS filter. The views are copies in the arena, so that they outlive the
/// request's buffer.
struct CorsRequest {
  bool preflight = false;  ///< answer it with write_preflight and forward nothing
  bool allowed = false;    ///< the origin is one of the filter's
  std::string_view origin;
  std::string_view method;   ///< Access-Control-Request-Method
  std::string_view headers;  ///< Access-Control-Request-Headers
};

/// A preflight is OPTIONS with one Origin and one Access-Control-Request-Method. More than one Origin is an
/// origin that nobody allowed.
CorsRequest read_cors(const ir::Cors& cors, const http::RequestHead& head, Arena& arena);

/// Adds the fields of the answer to a preflight; returns its status: 204, or 403 for a foreign origin.
std::uint16_t write_preflight(const ir::Cors& cors, const CorsRequest& request, http::HeaderList& fields,
                              Arena& arena);

/// Edits the response to any other request: what the backend said about CORS goes, the filter's word counts.
/// A response to a foreign origin, or to a request without one, allows nothing.
void edit_cors_response(const ir::Cors& cors, const CorsRequest& request, http::HeaderList& fields,
                        Arena& arena);

/// `pattern` is "*", or scheme://host[:port] whose host may start with "*" for one or more of any
/// characters. A missing port is the scheme's well-known one. Case does not count.
bool origin_matches(std::string_view pattern, std::string_view origin);

}  // namespace gatehouse::proxy
