// SPDX-License-Identifier: Apache-2.0
// HTTP/1 heads: from bytes to views and back to bytes (re-serialised, never copied).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "proxy/http/message.h"

namespace gatehouse::http {

/// Bytes of CRLF in front of a request line, which are ignored (F14).
std::size_t leading_blank_lines(std::string_view bytes);

/// Parses one complete head (HeadScanner said so). Fills method_name, target, minor_version and fields with
/// views into `bytes`; whether what is in them is allowed is request_rules' business. Keeps `fields`' capacity.
std::optional<Rejection> parse_request_head(std::string_view bytes, RequestHead& head);

/// The same for a response: status, reason, minor_version, fields.
std::optional<Rejection> parse_response_head(std::string_view bytes, ResponseHead& head);

/// What the request line and framing of a forwarded request are. Fields with an id that the writer itself
/// emits (host, content-length, transfer-encoding, connection) must not be in `fields`.
struct RequestLine {
  std::string_view method;
  std::string_view path;
  std::string_view query;
  bool has_query = false;
  std::string_view authority;
  Framing framing;
  std::string_view upgrade;  ///< protocol to ask for, or empty
};
std::string_view write_request_head(Arena& arena, const RequestLine& line,
                                    std::span<const HeaderField> fields);

enum class ConnectionField : std::uint8_t { none, close, keep_alive, upgrade };

/// `framing` decides Content-Length / Transfer-Encoding; BodyKind::until_close and none write neither.
struct StatusLine {
  std::uint16_t status = 200;
  std::string_view reason;
  Framing framing;
  bool write_length =
      true;  ///< false where a length would be wrong (1xx, 204) or is already among the fields
  ConnectionField connection = ConnectionField::none;
  std::string_view date;     ///< written when not empty
  std::string_view upgrade;  ///< the protocol switched to, for ConnectionField::upgrade
};
/// `body` is appended behind the head: a short one leaves in the same write without a second part.
std::string_view write_response_head(Arena& arena, const StatusLine& line,
                                     std::span<const HeaderField> fields, std::string_view body = {});

/// The standard reason phrase, or empty.
std::string_view reason_phrase(std::uint16_t status);

}  // namespace gatehouse::http
