// SPDX-License-Identifier: Apache-2.0
#include "proxy/filters/header_modifier.h"

#include "proxy/http/header_edit.h"

namespace gatehouse::proxy {

void modify_headers(http::HeaderList& fields, const routing::CompiledEdits& edits, Arena& arena) {
  if (edits.empty()) return;
  http::HeaderEdit edit;
  edit.set = edits.set();
  edit.add = edits.add();
  edit.remove = edits.remove();
  http::apply_edit(fields, edit, arena);
}

}  // namespace gatehouse::proxy
