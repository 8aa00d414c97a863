// SPDX-License-Identifier: Apache-2.0
// The one place that decides where a body ends and whether its connection is reused (RFC 9112 6 and 9.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/http/message.h"

namespace gatehouse::http {

/// RFC 9110 8.6 for one field value: digits only, at most 2^63-1 (F5). nullopt for anything else.
std::optional<std::uint64_t> parse_content_length(std::string_view value);

/// What one pass over the fields gathers about framing. Plain data on the caller's stack.
struct FramingFields {
  std::uint32_t content_lengths = 0;     ///< values seen, list elements counted one by one
  std::uint32_t transfer_encodings = 0;  ///< lines seen
  bool bad_content_length = false;       ///< unreadable, or two that differ
  std::uint64_t content_length = 0;
  std::string_view transfer_encoding;  ///< of the first line
  bool close = false;                  ///< options of the Connection fields
  bool keep_alive = false;
  bool upgrade = false;
  bool bad_connection = false;           ///< an option that is no token
  std::uint32_t connection_options = 0;  ///< all of them, known or not

  void add_content_length(std::string_view value);
  void add_transfer_encoding(std::string_view value);
  void add_connection(std::string_view value);
};

/// More options than this in the Connection fields is refused: each is compared with each field.
inline constexpr std::uint32_t kMaxConnectionOptions = 32;

enum class Http10KeepAlive : std::uint8_t { never, when_asked };

/// F1-F6, F22, F27, F29. Fills head.framing from `fields`; needs head.method and head.minor_version.
std::optional<Rejection> frame_request(RequestHead& head, const FramingFields& fields,
                                       Http10KeepAlive policy);

/// F23, B6. Fills head.framing; needs head.status and head.minor_version.
std::optional<Rejection> frame_response(ResponseHead& head, const FramingFields& fields,
                                        Method request_method);

/// F23: the status or the method rules a body out, whatever the fields say.
bool response_has_no_body(std::uint16_t status, Method request_method);

}  // namespace gatehouse::http
