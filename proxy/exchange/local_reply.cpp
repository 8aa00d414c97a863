// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/local_reply.h"

namespace gatehouse::proxy {
namespace {

LocalReply from_downstream(Fault fault, std::string_view detail) {
  switch (fault) {
    case Fault::timeout:
      return {408, "request_timeout", "the request did not arrive in time\n"};
    case Fault::too_large:
      return LocalReply::body_too_large();
    case Fault::bad_request:
      return {400, "bad_request", detail};
    default:
      return {499, "client_gone", {}};
  }
}

LocalReply from_upstream(const Error& error) {
  switch (error.fault) {
    case Fault::unreachable:
      return {503, "no_endpoint", "no endpoint is ready\n"};
    case Fault::refused:
      return {503, "connect_failed", "the backend cannot be reached\n"};
    case Fault::system:
      return {503, "out_of_descriptors", "the gateway cannot open another connection\n"};
    case Fault::overload:
      return {503, "circuit_open", "the backend has too much to do\n"};
    case Fault::timeout:
      // B1: a connect that timed out sent nothing; what was sent and not answered is a 504.
      if (error.retry == Retry::safe)
        return {503, "connect_timeout", "the backend cannot be reached in time\n"};
      return {504, "upstream_timeout", "the backend did not answer in time\n"};
    case Fault::bad_request:
      return {502, "bad_response", "the backend sent an invalid response\n"};
    case Fault::cancelled:
      return {499, "client_gone", {}};
    default:
      return {502, "upstream_reset", "the backend closed the connection\n"};
  }
}

}  // namespace

/// GRPCRoute backendRefs: what is invalid or missing there is UNAVAILABLE.
http::GrpcStatus LocalReply::grpc_status() const {
  const bool has_no_backend = reason == invalid_backend().reason || reason == no_backend().reason;
  return has_no_backend ? http::GrpcStatus::unavailable : http::grpc_status_of(status);
}

LocalReply LocalReply::from(const Error& error) {
  switch (error.side) {
    case Side::downstream:
      return from_downstream(error.fault, error.detail);
    case Side::upstream:
      return from_upstream(error);
    case Side::internal:
      break;
  }
  return {500, "internal", "internal error\n"};
}

}  // namespace gatehouse::proxy
