// SPDX-License-Identifier: Apache-2.0
#include "base/header_field.h"

#include "base/text.h"

namespace gatehouse {
namespace {

struct Known {
  std::string_view name;
  FieldId id;
};

constexpr Known kKnown[] = {
    {"te", FieldId::te},
    {"via", FieldId::via},
    {"date", FieldId::date},
    {"host", FieldId::host},
    {"proxy", FieldId::proxy},
    {"cookie", FieldId::cookie},
    {"expect", FieldId::expect},
    {"trailer", FieldId::trailer},
    {"upgrade", FieldId::upgrade},
    {"forwarded", FieldId::forwarded},
    {"x-real-ip", FieldId::x_real_ip},
    {"connection", FieldId::connection},
    {"keep-alive", FieldId::keep_alive},
    {"x-request-id", FieldId::x_request_id},
    {"authorization", FieldId::authorization},
    {"content-length", FieldId::content_length},
    {"http2-settings", FieldId::http2_settings},
    {"x-forwarded-for", FieldId::x_forwarded_for},
    {"proxy-connection", FieldId::proxy_connection},
    {"x-forwarded-host", FieldId::x_forwarded_host},
    {"x-forwarded-port", FieldId::x_forwarded_port},
    {"transfer-encoding", FieldId::transfer_encoding},
    {"x-forwarded-proto", FieldId::x_forwarded_proto},
};

}  // namespace

FieldId field_id(std::string_view name) {
  for (const auto& known : kKnown)
    if (known.name.size() == name.size() && to_lower(name.front()) == known.name.front() &&
        equals_ignoring_case(name, known.name))
      return known.id;
  return FieldId::other;
}

}  // namespace gatehouse
