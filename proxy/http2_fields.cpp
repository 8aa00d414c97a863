// SPDX-License-Identifier: Apache-2.0
#include "proxy/http2_fields.h"

#include <algorithm>

#include "base/text.h"
#include "proxy/http/field_syntax.h"

namespace gatehouse::proxy {
namespace {

constexpr http::FieldIds kNotInHttp2(FieldId::connection, FieldId::keep_alive, FieldId::proxy_connection,
                                     FieldId::transfer_encoding, FieldId::upgrade, FieldId::http2_settings,
                                     FieldId::host, FieldId::content_length);

bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}

}  // namespace

std::string_view lower_case_name(std::string_view name, Arena& arena) {
  const auto first = std::find_if(name.begin(), name.end(), is_capital);
  if (first == name.end()) return name;
  char* to = arena.allocate(name.size());
  std::transform(name.begin(), name.end(), to,
                 [](char c) { return is_capital(c) ? static_cast<char>(c - 'A' + 'a') : c; });
  return {to, name.size()};
}

void add_http2_fields(http::HeaderList& to, const http::HeaderList& from, Arena& arena) {
  for (const auto& field : from) {
    if (kNotInHttp2.has(field.id)) continue;
    to.push_back({lower_case_name(field.name, arena), trim(field.value), field.id});
  }
}

std::string_view decimal(std::uint64_t value, Arena& arena) {
  char* text = arena.allocate(20);
  return {text, static_cast<std::size_t>(write_decimal(text, value) - text)};
}

}  // namespace gatehouse::proxy
