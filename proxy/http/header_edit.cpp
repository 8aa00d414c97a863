// SPDX-License-Identifier: Apache-2.0
// set, add and remove on a field list.
#include "proxy/http/header_edit.h"

#include <algorithm>

#include "base/text.h"
#include "proxy/http/field_syntax.h"

namespace gatehouse::http {
namespace {

constexpr FieldIds kNotEditable(FieldId::host, FieldId::content_length, FieldId::transfer_encoding,
                                FieldId::connection, FieldId::keep_alive, FieldId::proxy_connection,
                                FieldId::te, FieldId::trailer, FieldId::upgrade, FieldId::http2_settings);

bool same_name(const HeaderField& a, const HeaderField& b) {
  if (a.id != b.id || a.name.size() != b.name.size()) return false;
  return a.id != FieldId::other || equals_ignoring_case(a.name, b.name);
}

auto find_field(HeaderList::iterator from, HeaderList& fields, const HeaderField& wanted) {
  return std::find_if(from, fields.end(), [&](const HeaderField& field) { return same_name(field, wanted); });
}

void remove_fields(HeaderList::iterator from, HeaderList& fields, const HeaderField& wanted) {
  const auto first = find_field(from, fields, wanted);
  if (first == fields.end()) return;
  const auto same = [&](const HeaderField& field) { return same_name(field, wanted); };
  fields.erase(std::remove_if(first, fields.end(), same), fields.end());
}

/// The first of the name keeps its place and gets the value; the others go.
void set_field(HeaderList& fields, const HeaderField& wanted) {
  const auto first = find_field(fields.begin(), fields, wanted);
  if (first == fields.end()) return fields.push_back(wanted);
  first->value = wanted.value;
  remove_fields(first + 1, fields, wanted);
}

void add_field(HeaderList& fields, const HeaderField& wanted, Arena& arena) {
  if (!equals_ignoring_case(wanted.name, "set-cookie")) {
    for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
      if (!same_name(*field, wanted)) continue;
      field->value = arena.concat(field->value, ",", wanted.value);
      return;
    }
  }
  fields.push_back(wanted);
}

}  // namespace

void apply_edit(HeaderList& fields, const HeaderEdit& edit, Arena& arena) {
  for (const auto& wanted : edit.remove)
    if (!kNotEditable.has(wanted.id)) remove_fields(fields.begin(), fields, wanted);
  for (const auto& wanted : edit.set)
    if (!kNotEditable.has(wanted.id)) set_field(fields, wanted);
  for (const auto& wanted : edit.add)
    if (!kNotEditable.has(wanted.id)) add_field(fields, wanted, arena);
}

}  // namespace gatehouse::http
