// SPDX-License-Identifier: Apache-2.0
// Byte classes of field names, field values and request targets, as tables and word-wise scans.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/header_field.h"

namespace gatehouse::http {

/// What happens to a field whose name holds '_' (F13): CGI-like backends read it as '-'.
enum class Underscores : std::uint8_t { drop, reject, allow };

enum class NameSyntax : std::uint8_t { token, token_with_underscore, invalid };

/// RFC 9110 5.1: a non-empty token.
NameSyntax name_syntax(std::string_view name);

/// RFC 9110 5.5: no CTL but HTAB. Eight bytes at a time; never reads outside `value`.
bool is_field_value(std::string_view value);

/// U3: printable ASCII without SP and '#'. Holds for each part of a request target.
bool is_target_text(std::string_view text);

/// A set of field ids in one word, so that a pass over the fields tests membership with one shift.
class FieldIds {
 public:
  template <typename... Ids>
  constexpr explicit FieldIds(Ids... ids) : bits_((0U | ... | bit(ids))) {}
  constexpr bool has(FieldId id) const { return (bits_ & bit(id)) != 0; }
  constexpr void add(FieldId id) { bits_ |= bit(id); }
  constexpr bool meets(FieldIds other) const { return (bits_ & other.bits_) != 0; }

 private:
  static constexpr std::uint32_t bit(FieldId id) { return 1U << static_cast<unsigned>(id); }
  std::uint32_t bits_;
};

}  // namespace gatehouse::http
