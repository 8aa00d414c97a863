// SPDX-License-Identifier: Apache-2.0
// Heads of requests and responses as views, independent of the protocol version that carried them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/header_field.h"

namespace gatehouse::http {

/// Fields in the order they came. The vector is reused from request to request, so a warm list allocates
/// nothing.
using HeaderList = std::vector<HeaderField>;

enum class Method : std::uint8_t { other, get, head, post, put, delete_, connect, options, trace, patch };

/// How the end of a body is found (RFC 9112 6.3). Decided in framing.cpp and nowhere else.
enum class BodyKind : std::uint8_t { none, length, chunked, until_close };

struct Framing {
  BodyKind kind = BodyKind::none;
  std::uint64_t length = 0;  ///< for BodyKind::length
  bool keep_alive = false;   ///< the connection may carry another message afterwards
};

/// Valid while the read buffer and the arena of its exchange live.
struct RequestHead {
  Method method = Method::other;
  std::string_view method_name;
  std::string_view target;     ///< as received
  std::string_view authority;  ///< host[:port] the request is for, as received (absolute-form wins over Host)
  std::string_view host;       ///< lower case, without port and trailing dot: routing's key
  std::string_view path;       ///< normalised; "*" for OPTIONS *
  std::string_view query;      ///< without '?'
  bool has_query = false;
  std::uint8_t minor_version = 1;  ///< 0 or 1 for HTTP/1
  bool expects_continue = false;
  std::string_view upgrade;  ///< protocol of an acceptable upgrade request ("websocket"), else empty
  Framing framing;
  HeaderList fields;
};

struct ResponseHead {
  std::uint16_t status = 0;
  std::string_view reason;
  std::uint8_t minor_version = 1;
  Framing framing;
  HeaderList fields;
};

/// Why a message was refused. `status` is what a downstream peer is told; the connection closes afterwards.
struct Rejection {
  std::uint16_t status = 400;
  std::string_view reason;  ///< static text
};

}  // namespace gatehouse::http
