// SPDX-License-Identifier: Apache-2.0
#include "proxy/filters/header_modifier.h"

#include <memory>

#include "proxy/http/header_edit.h"

namespace gatehouse::proxy {
namespace {

HeaderField* allocate_fields(std::size_t count, Arena& arena) {
  std::size_t room = count * sizeof(HeaderField) + alignof(HeaderField);
  void* at = arena.allocate(room);
  return static_cast<HeaderField*>(std::align(alignof(HeaderField), count * sizeof(HeaderField), at, room));
}

}  // namespace

void modify_headers(http::HeaderList& fields, const routing::CompiledEdits& edits, Arena& arena) {
  if (edits.empty()) return;
  const auto counts = edits.counts();
  HeaderField* all = allocate_fields(counts.all(), arena);
  edits.unpack(all);
  http::HeaderEdit edit;
  edit.set = {all, counts.set};
  edit.add = {all + counts.set, counts.add};
  edit.remove = {all + counts.set + counts.add, counts.remove};
  http::apply_edit(fields, edit, arena);
}

}  // namespace gatehouse::proxy
