// SPDX-License-Identifier: Apache-2.0
// ExternalAuth (GEP-1494): asks an authorization server before a request goes on.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/clock.h"
#include "base/io/task.h"
#include "base/result.h"
#include "config/ir/filters.h"
#include "proxy/http/message.h"

namespace gatehouse::proxy {

/// How a filter reaches a backend of its own. Implemented by the exchange; thread: the worker's.
class Subrequest {
 public:
  /// A whole answer. The views live as long as the Subrequest, or until its next ask().
  struct Answer {
    const http::ResponseHead* head = nullptr;  ///< without hop-by-hop fields
    std::string_view body;
    const http::HeaderList* trailers = nullptr;  ///< null: none
  };

  /// Sends one request with its body to `cluster` (ir::Cluster::key) and reads the whole answer, at most
  /// kMaxAnswerBody of its body (too_large). Never longer than `deadline`, nor than the client stays.
  virtual io::Task<Result<Answer>> ask(std::string_view cluster, const http::RequestHead& head,
                                       std::string_view body, MonoTime deadline) = 0;
  static constexpr std::size_t kMaxAnswerBody = 64 * 1024;

 protected:
  ~Subrequest() = default;
};

/// The outcome of one filter. When the request may not go on, `status` with `fields` and `body` is the answer
/// to the client; both are views of the Subrequest's answer, or static.
struct AuthVerdict {
  bool allowed = false;
  std::uint16_t status = 0;
  std::string_view reason;  ///< for logs and metrics: one snake_case word; empty when allowed
  const http::HeaderList* fields = nullptr;  ///< null: none
  std::string_view body;
};

/// Who asks, for servers that want to know; empty where it does not matter.
struct AuthPeer {
  std::string_view address;  ///< of the client
  std::string_view scheme;
  std::string_view request_id;
};

/// What authorize() works on; all of it outlives the call.
struct AuthInput {
  const ir::ExternalAuth& auth;
  http::RequestHead& head;      ///< with its forwarded fields, without hop-by-hop ones, not rewritten yet
  std::string_view body;        ///< all of it, or its first auth.max_body_bytes + 1 bytes when there is more
  http::RequestHead& question;  ///< memory for the request to the authorization server
  Subrequest& subrequest;
  MonoTime deadline;
  Arena& arena;
  AuthPeer peer = {};
};

/// Asks and, when the answer is 200, copies its fields to the request. A body longer than
/// auth.max_body_bytes is refused with 413, as what nobody looked at must not pass. What cannot be asked is
/// refused too: 500 without a valid reference, 502 to 504 without a usable answer.
io::Task<AuthVerdict> authorize(const AuthInput& input);

/// Puts a refusal's fields into the head of the response, in place of all others.
void write_refusal(http::ResponseHead& response, const AuthVerdict& verdict);

// The parts of authorize() that do not wait; grpc_auth.h has those of protocol grpc.

/// Framing and hop-by-hop fields, and Host: they belong to one message and its codec.
bool belongs_to_one_message(std::string_view name);
AuthVerdict verdict_without_answer(const Error& error);

/// The question: the request's method, target and Host; Authorization and the fields that the filter allows;
/// a Content-Length in any case.
void write_auth_request(const AuthInput& input, std::size_t body_size);
/// 200 allows. What would tell the client of a success that never was becomes 403, all else is the answer.
AuthVerdict judge(const Subrequest::Answer& answer);
/// Copies what the filter names from a 200 to the request, or everything but Host and what describes the
/// answer itself. A field that is named and was not answered goes, so that no client can speak for the
/// authorization server.
void copy_auth_fields(const AuthInput& input, const http::HeaderList& answer);

}  // namespace gatehouse::proxy
