// SPDX-License-Identifier: Apache-2.0
// Request- and ResponseHeaderModifier on a head.
#pragma once

#include "base/arena.h"
#include "proxy/http/message.h"
#include "routing/compiled_edits.h"

namespace gatehouse::proxy {

/// Applies `edits` to `fields`. Its texts stay with the route: the runtime must be held until the head is
/// sent.
void modify_headers(http::HeaderList& fields, const routing::CompiledEdits& edits, Arena& arena);

}  // namespace gatehouse::proxy
