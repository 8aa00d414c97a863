// SPDX-License-Identifier: Apache-2.0
// ExternalAuth over gRPC: envoy.service.auth.v3.Authorization/Check, the protocol that Gateway API names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/filters/ext_auth.h"

namespace gatehouse::proxy {

/// One HeaderValueOption of an answer; views of its message.
struct AuthHeader {
  enum class How : std::uint8_t { overwrite, append, add_if_absent, overwrite_if_present };
  std::string_view name;
  std::string_view value;
  How how = How::overwrite;
};

/// A CheckResponse, as far as it is acted upon. Query parameters, dynamic metadata and headers for the
/// client's response are left alone.
struct CheckAnswer {
  bool allowed = false;
  std::uint16_t status = 403;  ///< when denied
  std::vector<AuthHeader> headers;
  std::vector<std::string_view> remove;
  std::string_view body;
};

/// As proxy::authorize, for protocol grpc. Every header of the request goes along when the filter names none.
io::Task<AuthVerdict> authorize_over_grpc(const AuthInput& input);

// The parts that do not wait.

/// The CheckRequest as one gRPC frame; body as text when it is UTF-8, else as bytes.
std::string write_check_request(const AuthInput& input, std::string_view body);
/// Limits: 256 headers. bad_request when the message is broken.
Result<CheckAnswer> read_check_response(std::string_view message);
/// What an answer that allows does to the request. Fields that belong to one message and its codec stay.
void apply_auth_headers(const CheckAnswer& answer, http::HeaderList& fields, Arena& arena);

}  // namespace gatehouse::proxy
