// SPDX-License-Identifier: Apache-2.0
// URLRewrite: the host and path that the backend gets to see.
#pragma once

#include "base/arena.h"
#include "config/ir/route.h"
#include "proxy/http/message.h"

namespace gatehouse::proxy {

/// Changes `head.authority` and `head.path`; the query stays. Where rule and backend both say something about
/// the host or the path, the backend's word counts, on the path as it came. Texts stay with the route: the
/// runtime must be held until the head is sent. Call it after the forwarded fields were decided, which tell
/// the original host.
void rewrite_url(http::RequestHead& head, const ir::Filters& of_rule, const ir::Filters& of_backend,
                 const ir::PathMatch& matched, Arena& arena);

}  // namespace gatehouse::proxy
