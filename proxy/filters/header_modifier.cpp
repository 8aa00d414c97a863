// SPDX-License-Identifier: Apache-2.0
#include "proxy/filters/header_modifier.h"

#include <memory>
#include <new>

#include "proxy/http/header_edit.h"

namespace gatehouse::proxy {
namespace {

HeaderField* allocate_fields(std::size_t count, Arena& arena) {
  const std::size_t size = count * sizeof(HeaderField) + alignof(HeaderField);
  void* at = arena.allocate(size);
  std::size_t room = size;
  return static_cast<HeaderField*>(std::align(alignof(HeaderField), count * sizeof(HeaderField), at, room));
}

std::span<const HeaderField> fields_of(const std::vector<ir::HeaderValue>& values, Arena& arena) {
  if (values.empty()) return {};
  HeaderField* fields = allocate_fields(values.size(), arena);
  for (std::size_t i = 0; i < values.size(); ++i)
    new (&fields[i]) HeaderField{values[i].name, values[i].value, field_id(values[i].name)};
  return {fields, values.size()};
}

std::span<const HeaderField> fields_of(const std::vector<std::string>& names, Arena& arena) {
  if (names.empty()) return {};
  HeaderField* fields = allocate_fields(names.size(), arena);
  for (std::size_t i = 0; i < names.size(); ++i)
    new (&fields[i]) HeaderField{names[i], {}, field_id(names[i])};
  return {fields, names.size()};
}

}  // namespace

void modify_headers(http::HeaderList& fields, const ir::HeaderModifier& modifier, Arena& arena) {
  if (modifier.empty()) return;
  http::HeaderEdit edit;
  edit.set = fields_of(modifier.set, arena);
  edit.add = fields_of(modifier.add, arena);
  edit.remove = fields_of(modifier.remove, arena);
  http::apply_edit(fields, edit, arena);
}

}  // namespace gatehouse::proxy
