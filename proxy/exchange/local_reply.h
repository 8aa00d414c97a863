// SPDX-License-Identifier: Apache-2.0
// Answers the gateway gives itself, and how failures become them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "proxy/http/grpc.h"
#include "proxy/http/message.h"

namespace gatehouse::proxy {

/// Why the gateway answered or ended an exchange itself: log field and metric label. Static text.
struct LocalReply {
  std::uint16_t status = 500;  ///< 499: the client is gone, nothing is sent
  std::string_view reason;     ///< for logs and metrics: one snake_case word
  std::string_view text;       ///< for the client: one line

  /// What a gRPC client is told instead of `status`.
  http::GrpcStatus grpc_status() const;

  static LocalReply no_listener() { return {404, "no_listener", "no listener serves this host\n"}; }
  /// RFC 9110 15.5.20: the host belongs to another listener than the one the TLS connection was made to.
  static LocalReply misdirected() {
    return {421, "misdirected", "this host is not served on this connection\n"};
  }
  static LocalReply no_route() { return {404, "no_route", "no route matches this request\n"}; }
  static LocalReply invalid_backend() {
    return {500, "invalid_backend", "the route's backend is not valid\n"};
  }
  static LocalReply no_backend() { return {500, "no_backend", "the route has no backend\n"}; }
  static LocalReply body_too_large() { return {413, "body_too_large", "the request body is too large\n"}; }
  static LocalReply loop() { return {508, "loop", "this request has passed through too many proxies\n"}; }
  static LocalReply from(const http::Rejection& rejection) {
    return {rejection.status, "bad_request", rejection.reason};
  }
  /// The failure table of the exchange: whose side, which fault -> status.
  static LocalReply from(const Error& error);
};

}  // namespace gatehouse::proxy
