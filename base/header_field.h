// SPDX-License-Identifier: Apache-2.0
// One HTTP field as a pair of views, shared vocabulary of routing and proxy.
#pragma once

#include <cstdint>
#include <string_view>

namespace gatehouse {

/// Fields the proxy itself acts on, so that nobody compares their names twice. All others are `other`.
enum class FieldId : std::uint8_t {
  other,
  authorization,
  connection,
  content_length,
  cookie,
  date,
  expect,
  forwarded,
  host,
  http2_settings,
  keep_alive,
  proxy,  ///< httpoxy: never forwarded
  proxy_connection,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  via,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_port,
  x_forwarded_proto,
  x_real_ip,
  x_request_id,
};

/// Views into the read buffer or the request's arena; names keep the case they came in.
struct HeaderField {
  std::string_view name;
  std::string_view value;
  FieldId id = FieldId::other;
};

/// The id of a field name, in any case.
FieldId field_id(std::string_view name);

}  // namespace gatehouse
