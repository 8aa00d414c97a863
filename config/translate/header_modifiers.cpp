// SPDX-License-Identifier: Apache-2.0
#include "config/translate/header_modifiers.h"

#include <fmt/format.h>

#include <set>

#include "base/header_field.h"
#include "base/text.h"

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

/// Translates one filter; lives for that only.
class Modifier {
 public:
  Modifier(const std::string& where, Findings& findings) : where_(where), findings_(findings) {}

  std::vector<ir::HeaderValue> values(const std::vector<objects::HttpHeader>& headers,
                                      std::string_view list) {
    std::vector<ir::HeaderValue> values;
    std::set<std::string> here;
    for (std::size_t i = 0; i < headers.size(); ++i) {
      const auto& header = headers[i];
      const auto field = fmt::format("{}.{}[{}].name", where_, list, i);
      if (is_framing_field(header.name))
        findings_.add(kUnsupported, fmt::format("{}: {} is written by the proxy alone: remove the entry",
                                                field, header.name));
      if (here.insert(lower_case(header.name)).second) values.push_back({header.name, header.value});
    }
    claim(here, list);
    return values;
  }

  /// The schema takes any text here; one that is no header name removes nothing.
  std::vector<std::string> names(const std::vector<std::string>& headers) {
    std::vector<std::string> names;
    std::set<std::string> here;
    for (const auto& name : headers)
      if (is_token(name) && here.insert(lower_case(name)).second) names.push_back(name);
    claim(here, "remove");
    return names;
  }

 private:
  /// One filter may do one thing with a header.
  void claim(const std::set<std::string>& names, std::string_view list) {
    for (const auto& name : names)
      if (!taken_.insert(name).second)
        findings_.add(kUnsupported,
                      fmt::format("{}.{}: another list of this filter has {} too: keep one of them", where_,
                                  list, name));
  }

  const std::string& where_;
  Findings& findings_;
  std::set<std::string> taken_;
};

}  // namespace

ir::HeaderModifier to_header_modifier(const objects::HttpHeaderFilter& filter, const std::string& where,
                                      Findings& findings) {
  Modifier modifier(where, findings);
  ir::HeaderModifier result;
  result.set = modifier.values(filter.set, "set");
  result.add = modifier.values(filter.add, "add");
  result.remove = modifier.names(filter.remove);
  return result;
}

}  // namespace gatehouse::translate
