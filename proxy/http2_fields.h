// SPDX-License-Identifier: Apache-2.0
// Fields as HTTP/2 writes them: lower-case names, nothing that belongs to a connection.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "proxy/http/message.h"

namespace gatehouse::proxy {

/// `name` itself, or a copy of it without capitals.
std::string_view lower_case_name(std::string_view name, Arena& arena);

/// Adds what may travel in HTTP/2 (RFC 9113 8.2.2) to `to`; Host and Content-Length are the caller's.
void add_http2_fields(http::HeaderList& to, const http::HeaderList& from, Arena& arena);

/// A decimal in `arena`.
std::string_view decimal(std::uint64_t value, Arena& arena);

}  // namespace gatehouse::proxy
