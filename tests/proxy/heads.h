// SPDX-License-Identifier: Apache-2.0
// Heads for tests, written as lines of text; the fields are split naively, so that broken ones get through.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "proxy/http/message.h"

namespace gatehouse::http::test {

inline HeaderList fields_of(const std::vector<std::string_view>& lines) {
  HeaderList fields;
  for (const auto line : lines) {
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    fields.push_back({name, trim(line.substr(colon + 1)), field_id(name)});
  }
  return fields;
}

inline RequestHead request(std::string_view method, std::string_view target,
                           const std::vector<std::string_view>& lines, std::uint8_t minor_version = 1) {
  RequestHead head;
  head.method_name = method;
  head.target = target;
  head.minor_version = minor_version;
  head.fields = fields_of(lines);
  return head;
}

inline ResponseHead response(std::uint16_t status, const std::vector<std::string_view>& lines,
                             std::uint8_t minor_version = 1) {
  ResponseHead head;
  head.status = status;
  head.minor_version = minor_version;
  head.fields = fields_of(lines);
  return head;
}

/// "a: 1|b: 2"
inline std::string text_of(const HeaderList& fields) {
  std::string text;
  for (const auto& field : fields) {
    if (!text.empty()) text += '|';
    text.append(field.name).append(": ").append(field.value);
  }
  return text;
}

}  // namespace gatehouse::http::test
