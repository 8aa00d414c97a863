// SPDX-License-Identifier: Apache-2.0
// Edits of a field list as the Gateway API's header modifiers define them.
#pragma once

#include <span>
#include <string_view>

#include "base/arena.h"
#include "proxy/http/message.h"

namespace gatehouse::http {

/// A view of one modifier; the ids are those of field_id(name). The texts must outlive the edited list: they
/// belong to the runtime that the exchange holds until the head is sent.
struct HeaderEdit {
  std::span<const HeaderField> set;
  std::span<const HeaderField> add;
  std::span<const HeaderField> remove;  ///< values unused
  bool empty() const { return set.empty() && add.empty() && remove.empty(); }
};

/// remove, then set, then add. `set` replaces every field of the name by one; `add` makes "old,new" of the
/// last one present, or a new field (always for Set-Cookie, H6). Names compare without case, other fields
/// keep their order. Framing and hop-by-hop fields and Host are left alone: they belong to the codec (a Host
/// rewrite sets RequestHead::authority).
void apply_edit(HeaderList& fields, const HeaderEdit& edit, Arena& arena);

}  // namespace gatehouse::http
