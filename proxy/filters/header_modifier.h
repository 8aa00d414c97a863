// SPDX-License-Identifier: Apache-2.0
// RequestHeaderModifier and ResponseHeaderModifier (Gateway API HTTPHeaderFilter).
#pragma once

#include "base/arena.h"
#include "config/ir/route.h"
#include "proxy/http/message.h"

namespace gatehouse::proxy {

/// Applies `modifier` to `fields`. Its texts stay with the route: the runtime must be held until the head is
/// sent.
void modify_headers(http::HeaderList& fields, const ir::HeaderModifier& modifier, Arena& arena);

}  // namespace gatehouse::proxy
