// SPDX-License-Identifier: Apache-2.0
#include "base/header_field.h"

#include <array>
#include <cstddef>
#include <iterator>

#include "base/text.h"

namespace gatehouse {
namespace {

struct Known {
  std::string_view name;
  FieldId id;
};

/// By length.
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

constexpr std::size_t kLongest = std::end(kKnown)[-1].name.size();

/// Where the names of each length begin in kKnown; they end where those of the next length begin.
constexpr auto kFirst = [] {
  std::array<std::uint8_t, kLongest + 2> first{};
  for (std::size_t length = 0; length < first.size(); ++length)
    while (first[length] < std::size(kKnown) && kKnown[first[length]].name.size() < length) ++first[length];
  return first;
}();

}  // namespace

FieldId field_id(std::string_view name) {
  if (name.empty() || name.size() > kLongest) return FieldId::other;
  const char initial = to_lower(name.front());
  for (std::size_t at = kFirst[name.size()]; at < kFirst[name.size() + 1]; ++at)
    if (kKnown[at].name.front() == initial && equals_ignoring_case(name, kKnown[at].name))
      return kKnown[at].id;
  return FieldId::other;
}

}  // namespace gatehouse
