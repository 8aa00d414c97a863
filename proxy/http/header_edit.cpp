// SPDX-License-Identifier: Apache-2.0
// set, add and remove on a field list.
#include "proxy/http/header_edit.h"

#include "base/text.h"
#include "proxy/http/field_syntax.h"

namespace gatehouse::http {
namespace {

constexpr FieldIds kNotEditable(FieldId::host, FieldId::content_length, FieldId::transfer_encoding,
                                FieldId::connection, FieldId::keep_alive, FieldId::proxy_connection,
                                FieldId::te, FieldId::trailer, FieldId::upgrade, FieldId::http2_settings);

bool same_name(const HeaderField& a, const HeaderField& b) {
  return a.id == b.id && (a.id != FieldId::other || equals_ignoring_case(a.name, b.name));
}

void remove_field(HeaderList& fields, const HeaderField& wanted) {
  std::erase_if(fields, [&](const HeaderField& field) { return same_name(field, wanted); });
}

/// The first of the name keeps its place and gets the value; the others go.
void set_field(HeaderList& fields, const HeaderField& wanted) {
  bool done = false;
  std::erase_if(fields, [&](HeaderField& field) {
    if (!same_name(field, wanted)) return false;
    if (done) return true;
    field.value = wanted.value;
    done = true;
    return false;
  });
  if (!done) fields.push_back(wanted);
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
    if (!kNotEditable.has(wanted.id)) remove_field(fields, wanted);
  for (const auto& wanted : edit.set)
    if (!kNotEditable.has(wanted.id)) set_field(fields, wanted);
  for (const auto& wanted : edit.add)
    if (!kNotEditable.has(wanted.id)) add_field(fields, wanted, arena);
}

}  // namespace gatehouse::http
