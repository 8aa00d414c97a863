// SPDX-License-Identifier: Apache-2.0
// One pass over the fields of a response, then framing.
#include "proxy/http/response_rules.h"

#include "base/text.h"
#include "proxy/http/field_syntax.h"
#include "proxy/http/framing.h"

namespace gatehouse::http {
namespace {

constexpr std::uint16_t kSwitchingProtocols = 101;

Rejection bad(std::string_view reason) {
  return {502, reason};
}

std::optional<Rejection> scan_fields(const HeaderList& fields, FramingFields& framing) {
  for (const auto& field : fields) {
    if (field.id == FieldId::other && name_syntax(field.name) == NameSyntax::invalid)
      return bad("invalid field name");
    if (!is_field_value(field.value)) return bad("invalid byte in a field value");
    if (field.id == FieldId::content_length) framing.add_content_length(field.value);
    if (field.id == FieldId::transfer_encoding) framing.add_transfer_encoding(field.value);
    if (field.id == FieldId::connection) framing.add_connection(field.value);
  }
  return std::nullopt;
}

/// RFC 9110 8.6: never in 1xx and 204. Beside a Transfer-Encoding or unreadable, it is not worth passing on.
bool may_state_length(std::uint16_t status, const FramingFields& framing) {
  return status >= 200 && status != 204 && framing.transfer_encodings == 0 && !framing.bad_content_length;
}

/// The one number that equal fields or a list of equal elements stand for, without leading zeros (F5, F6).
std::string_view canonical_length(std::string_view value) {
  value = trim(value.substr(0, value.find(',')));
  while (value.size() > 1 && value.front() == '0') value.remove_prefix(1);
  return value;
}

void settle_content_length(HeaderList& fields, std::uint16_t status, const FramingFields& framing) {
  bool wanted = may_state_length(status, framing);
  auto kept = fields.begin();
  for (const auto& field : fields) {
    const bool is_length = field.id == FieldId::content_length;
    if (is_length && !wanted) continue;
    if (&*kept != &field) *kept = field;
    if (is_length) {
      kept->value = canonical_length(kept->value);
      wanted = false;
    }
    ++kept;
  }
  fields.erase(kept, fields.end());
}

}  // namespace

std::optional<Rejection> check_response(ResponseHead& head, const ResponseRules& rules) {
  if (head.status < 100 || head.status > 599) return bad("invalid status");
  if (head.status == kSwitchingProtocols && (!rules.upgrade_asked || head.minor_version == 0))
    return bad("101 without an upgrade");
  if (head.fields.size() > rules.max_header_count) return bad("too many fields");
  if (!is_field_value(head.reason)) return bad("invalid byte in the reason phrase");

  FramingFields framing;
  if (auto refused = scan_fields(head.fields, framing)) return refused;
  if (auto refused = frame_response(head, framing, rules.request_method)) return refused;
  if (framing.content_lengths > 0) settle_content_length(head.fields, head.status, framing);
  return std::nullopt;
}

}  // namespace gatehouse::http
