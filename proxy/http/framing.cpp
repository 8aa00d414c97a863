// SPDX-License-Identifier: Apache-2.0
// Body length and connection reuse of requests and responses.
#include "proxy/http/framing.h"

#include <limits>

#include "base/text.h"

namespace gatehouse::http {
namespace {

constexpr std::uint16_t kSwitchingProtocols = 101;
constexpr std::uint64_t kMaxLength = std::numeric_limits<std::int64_t>::max();

bool is_exactly_chunked(const FramingFields& fields) {
  return fields.transfer_encodings == 1 && equals_ignoring_case(fields.transfer_encoding, "chunked");
}

/// F29: an HTTP/1.0 client's connection is kept only where its next request can be told from a body (F22).
bool request_may_persist(const RequestHead& head, const FramingFields& fields, Http10KeepAlive policy) {
  if (fields.close) return false;
  if (head.minor_version > 0) return true;
  if (policy == Http10KeepAlive::never || !fields.keep_alive) return false;
  return head.method == Method::get || head.method == Method::head || fields.content_lengths > 0;
}

}  // namespace

std::optional<std::uint64_t> parse_content_length(std::string_view value) {
  const auto length = parse_decimal(value);
  if (!length || *length > kMaxLength) return std::nullopt;
  return length;
}

void FramingFields::add_content_length(std::string_view value) {
  // RFC 9110 8.6 lets a list of equal numbers stand for one; an empty element is no number.
  for (;;) {
    const auto comma = value.find(',');
    const bool is_list = comma != std::string_view::npos || content_lengths > 0;
    const auto length = parse_content_length(is_list ? trim(value.substr(0, comma)) : value);
    const bool differs = length && content_lengths > 0 && *length != content_length;
    if (!length || differs) bad_content_length = true;
    if (length) content_length = *length;
    ++content_lengths;
    if (comma == std::string_view::npos) return;
    value.remove_prefix(comma + 1);
  }
}

void FramingFields::add_transfer_encoding(std::string_view value) {
  if (transfer_encodings++ == 0) transfer_encoding = value;
}

void FramingFields::add_connection(std::string_view value) {
  CommaList options(value);
  while (const auto option = options.next()) {
    ++connection_options;
    if (equals_ignoring_case(*option, "keep-alive")) {
      keep_alive = true;
    } else if (equals_ignoring_case(*option, "close")) {
      close = true;
    } else if (equals_ignoring_case(*option, "upgrade")) {
      upgrade = true;
    } else if (!is_token(*option)) {
      bad_connection = true;
    }
  }
}

std::optional<Rejection> frame_request(RequestHead& head, const FramingFields& fields,
                                       Http10KeepAlive policy) {
  if (fields.connection_options > kMaxConnectionOptions) return Rejection{400, "too many connection options"};
  if (fields.bad_connection) return Rejection{400, "a connection option is no token"};
  head.framing = Framing{};
  if (fields.transfer_encodings > 0) {
    if (fields.content_lengths > 0) return Rejection{400, "both Content-Length and Transfer-Encoding"};
    if (head.minor_version == 0) return Rejection{400, "Transfer-Encoding in HTTP/1.0"};
    if (!is_exactly_chunked(fields)) {
      const bool one_unknown = fields.transfer_encodings == 1 && is_token(fields.transfer_encoding);
      return one_unknown ? Rejection{501, "transfer coding other than chunked"}
                         : Rejection{400, "Transfer-Encoding is not exactly chunked"};
    }
    head.framing.kind = BodyKind::chunked;
  } else if (fields.content_lengths > 0) {
    if (fields.bad_content_length) return Rejection{400, "invalid Content-Length"};
    if (fields.content_lengths > 1) return Rejection{400, "more than one Content-Length"};
    head.framing.kind = BodyKind::length;
    head.framing.length = fields.content_length;
  }
  head.framing.keep_alive = request_may_persist(head, fields, policy);
  return std::nullopt;
}

bool response_has_no_body(std::uint16_t status, Method request_method) {
  return request_method == Method::head || status < 200 || status == 204 || status == 304;
}

std::optional<Rejection> frame_response(ResponseHead& head, const FramingFields& fields,
                                        Method request_method) {
  if (fields.connection_options > kMaxConnectionOptions) return Rejection{502, "too many connection options"};
  if (fields.bad_connection) return Rejection{502, "a connection option is no token"};
  const bool both = fields.transfer_encodings > 0 && fields.content_lengths > 0;
  const bool old_chunked = fields.transfer_encodings > 0 && head.minor_version == 0;
  head.framing = Framing{};
  const bool interim = head.status < 200 && head.status != kSwitchingProtocols;
  head.framing.keep_alive = interim || (!fields.close && (head.minor_version > 0 || fields.keep_alive));

  if (response_has_no_body(head.status, request_method)) {
    // Nothing of a body is read here; but who frames like this is not trusted with another request.
    if (both || old_chunked || fields.bad_content_length) head.framing.keep_alive = false;
    return std::nullopt;
  }
  if (both) return Rejection{502, "both Content-Length and Transfer-Encoding"};
  if (old_chunked) return Rejection{502, "Transfer-Encoding in HTTP/1.0"};
  if (fields.transfer_encodings > 0) {
    if (!is_exactly_chunked(fields)) return Rejection{502, "Transfer-Encoding is not exactly chunked"};
    head.framing.kind = BodyKind::chunked;
  } else if (fields.content_lengths > 0) {
    if (fields.bad_content_length) return Rejection{502, "invalid Content-Length"};
    head.framing.kind = BodyKind::length;
    head.framing.length = fields.content_length;
  } else {
    head.framing.kind = BodyKind::until_close;
    head.framing.keep_alive = false;
  }
  return std::nullopt;
}

}  // namespace gatehouse::http
