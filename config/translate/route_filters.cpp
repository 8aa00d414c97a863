// SPDX-License-Identifier: Apache-2.0
#include "config/translate/route_filters.h"

#include <fmt/format.h>

#include <set>

#include "base/header_field.h"

namespace gatehouse::translate {
namespace {

constexpr std::string_view kUnsupported = "UnsupportedValue";

/// Fields that delimit messages or belong to one connection: the proxy alone writes them.
bool is_framing_field(std::string_view name) {
  switch (field_id(name)) {
    case FieldId::connection:
    case FieldId::content_length:
    case FieldId::keep_alive:
    case FieldId::proxy_connection:
    case FieldId::te:
    case FieldId::trailer:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
      return true;
    default:
      return false;
  }
}

std::vector<ir::HeaderValue> to_values(const std::vector<objects::HttpHeader>& headers,
                                       const std::string& where, Findings& findings) {
  std::vector<ir::HeaderValue> values;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (is_framing_field(headers[i].name))
      findings.add(kUnsupported,
                   fmt::format("{}[{}].name: {} is written by the proxy alone: remove the entry", where, i,
                               headers[i].name));
    values.push_back({headers[i].name, headers[i].value});
  }
  return values;
}

ir::HeaderModifier to_modifier(const objects::HttpHeaderFilter& filter, const std::string& where,
                               Findings& findings) {
  return {to_values(filter.set, where + ".set", findings), to_values(filter.add, where + ".add", findings),
          filter.remove};
}

/// The modifier that `filter` carries and where it belongs; null for a type this version does not serve.
struct Modifier {
  const objects::HttpHeaderFilter* settings = nullptr;
  const char* field = "";
  ir::HeaderModifier* to = nullptr;
};

Modifier modifier_of(const objects::HttpRouteFilter& filter, HeaderFilters& result) {
  if (filter.type == "RequestHeaderModifier" && filter.request_header_modifier)
    return {&*filter.request_header_modifier, ".requestHeaderModifier", &result.request};
  if (filter.type == "ResponseHeaderModifier" && filter.response_header_modifier)
    return {&*filter.response_header_modifier, ".responseHeaderModifier", &result.response};
  return {};
}

}  // namespace

HeaderFilters to_filters(const std::vector<objects::HttpRouteFilter>& filters, const std::string& where,
                         Findings& findings) {
  HeaderFilters result;
  std::set<std::string> types;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const auto& type = filters[i].type;
    const auto place = fmt::format("{}.filters[{}]", where, i);
    const auto modifier = modifier_of(filters[i], result);
    if (!modifier.to)
      findings.add(kUnsupported,
                   fmt::format("{}.type: {} is not served by this version: remove the filter", place, type));
    else if (!types.insert(type).second)
      findings.add("IncompatibleFilters",
                   fmt::format("{}.type: a second {} is not allowed: join the two", place, type));
    else
      *modifier.to = to_modifier(*modifier.settings, place + modifier.field, findings);
  }
  return result;
}

}  // namespace gatehouse::translate
