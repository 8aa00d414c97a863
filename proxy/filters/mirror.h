// SPDX-License-Identifier: Apache-2.0
// RequestMirror: who gets a copy of a request, and what the copy looks like.
#pragma once

#include <cstdint>

#include "config/ir/filters.h"
#include "proxy/http/message.h"

namespace gatehouse::proxy {

/// Whether this request is among the mirrored share. `dice` is uniform and drawn anew for each mirror. A
/// tunnel has no copy.
bool takes_part(const ir::Mirror& mirror, const http::RequestHead& head, std::uint64_t dice);

/// Fills `copy` (reused, so that a warm one allocates nothing) with the request as the mirror's backend gets
/// it: method, target, Host and fields of `head`, which has its forwarded fields, no hop-by-hop ones, and
/// none of the codec's. Nobody waits for a 100 to a copy. Views stay those of `head`.
void write_mirror(http::RequestHead& copy, const http::RequestHead& head, const http::Framing& framing);

}  // namespace gatehouse::proxy
