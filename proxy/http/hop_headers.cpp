// SPDX-License-Identifier: Apache-2.0
// Removal of hop-by-hop fields in place.
#include "proxy/http/hop_headers.h"

#include <array>
#include <memory>
#include <new>

#include "base/text.h"
#include "proxy/http/field_syntax.h"
#include "proxy/http/framing.h"

namespace gatehouse::http {
namespace {

constexpr FieldIds kHopFields(FieldId::connection, FieldId::keep_alive, FieldId::proxy_connection,
                              FieldId::te, FieldId::trailer, FieldId::transfer_encoding, FieldId::upgrade,
                              FieldId::http2_settings);

/// H1: a peer cannot make the gateway drop what it adds or needs. TE has its own rule.
constexpr FieldIds kNotByName(FieldId::host, FieldId::content_length, FieldId::x_forwarded_for,
                              FieldId::x_forwarded_host, FieldId::x_forwarded_port,
                              FieldId::x_forwarded_proto, FieldId::forwarded, FieldId::x_real_ip,
                              FieldId::x_request_id, FieldId::via, FieldId::date, FieldId::te);

bool is_known_option(std::string_view option) {
  return equals_ignoring_case(option, "keep-alive") || equals_ignoring_case(option, "close") ||
         equals_ignoring_case(option, "upgrade") || equals_ignoring_case(option, "te");
}

template <typename Visit>
void each_named(const HeaderList& fields, Visit visit) {
  for (const auto& field : fields) {
    if (field.id != FieldId::connection) continue;
    CommaList options(field.value);
    while (const auto option = options.next())
      if (!is_known_option(*option)) visit(*option);
  }
}

bool lists(std::span<const std::string_view> names, std::string_view name) {
  for (const auto listed : names)
    if (equals_ignoring_case(listed, name)) return true;
  return false;
}

/// Removes the fields that Connection names. Rare: clients list only known options.
void remove_named_fields(HeaderList& fields) {
  std::array<std::string_view, kMaxConnectionOptions> names;
  std::size_t count = 0;
  each_named(fields, [&](std::string_view name) {
    if (count < names.size()) names[count++] = name;
  });
  const std::span<const std::string_view> listed(names.data(), count);
  std::erase_if(fields, [&](const HeaderField& field) {
    return !kNotByName.has(field.id) && field.id != FieldId::connection && lists(listed, field.name);
  });
}

bool names_fields(const HeaderList& fields) {
  bool any = false;
  each_named(fields, [&](std::string_view) { any = true; });
  return any;
}

bool has_trailers_option(std::string_view te) {
  CommaList codings(te);
  while (const auto coding = codings.next())
    if (equals_ignoring_case(*coding, "trailers")) return true;
  return false;
}

}  // namespace

void remove_hop_fields(HeaderList& fields, Trailers trailers) {
  if (names_fields(fields)) remove_named_fields(fields);
  bool te_kept = false;
  auto kept = fields.begin();
  for (auto& field : fields) {
    if (kHopFields.has(field.id)) {
      const bool stays = field.id == FieldId::te
                             ? !te_kept && has_trailers_option(field.value)
                             : field.id == FieldId::trailer && trailers == Trailers::forwarded;
      if (!stays) continue;
      if (field.id == FieldId::te) {
        te_kept = true;
        field.value = "trailers";
      }
    }
    if (&*kept != &field) *kept = field;
    ++kept;
  }
  fields.erase(kept, fields.end());
}

std::span<const std::string_view> connection_names(const HeaderList& fields, Arena& arena) {
  std::size_t count = 0;
  each_named(fields, [&](std::string_view) { ++count; });
  if (count == 0) return {};

  std::size_t room = count * sizeof(std::string_view) + alignof(std::string_view);
  void* bytes = arena.allocate(room);
  auto* names = static_cast<std::string_view*>(
      std::align(alignof(std::string_view), count * sizeof(std::string_view), bytes, room));
  std::size_t at = 0;
  each_named(fields, [&](std::string_view name) { new (&names[at++]) std::string_view(name); });
  return {names, count};
}

}  // namespace gatehouse::http
