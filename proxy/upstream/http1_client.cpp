// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/http1_client.h"

#include "proxy/http/hop_headers.h"
#include "proxy/http/http1_codec.h"
#include "proxy/http/response_rules.h"

namespace gatehouse::proxy {
namespace {

constexpr std::size_t kMaxResponseHead = 64 * 1024;  // B6

Error upstream_error(Error error) {
  error.side = Side::upstream;
  return error;
}

}  // namespace

void Http1Client::begin_exchange(Arena& arena) {
  arena_ = &arena;
  ++exchanges_;
  received_ = keep_alive_ = false;
}

bool Http1Client::may_be_reused() const {
  return keep_alive_ && !tunnel_ && channel_.body_ended() && channel_.message_sent() && !channel_.has_bytes() &&
         !socket_.peer_closed();
}

Task<Result<void>> Http1Client::send_head(const http::RequestHead& head, Chunk first, WaitLimits limits) {
  http::RequestLine line;
  line.method = head.method_name;
  line.path = head.path;
  line.query = head.query;
  line.has_query = head.has_query;
  line.authority = head.authority;
  line.framing = head.framing;
  line.upgrade = head.upgrade;
  const auto bytes = http::write_request_head(*arena_, line, head.fields);
  const auto sent = co_await channel_.send_message(bytes, head.framing, first, limits);
  if (!sent) co_return upstream_error(sent.error());
  co_return sent;
}

Task<Result<void>> Http1Client::read_head(http::ResponseHead& head, http::Method method, bool upgrade_asked,
                                          WaitLimits limits) {
  const auto bytes = co_await channel_.read_head(kMaxResponseHead, Http1Channel::BlankLines::keep, limits);
  received_ = received_ || channel_.has_bytes();
  if (!bytes) co_return upstream_error(bytes.error());
  if (const auto rejected = http::parse_response_head(*bytes, head))
    co_return Error{Fault::bad_request, Side::upstream, Retry::never, rejected->reason};
  http::ResponseRules rules;
  rules.request_method = method;
  rules.upgrade_asked = upgrade_asked;
  if (const auto rejected = http::check_response(head, rules))
    co_return Error{Fault::bad_request, Side::upstream, Retry::never, rejected->reason};
  http::ChunkedRules chunked;
  if (head.framing.kind == http::BodyKind::chunked) chunked.hop_names = http::connection_names(head.fields, *arena_);
  channel_.begin_body(head.framing, chunked, *arena_);
  keep_alive_ = head.framing.keep_alive;
  co_return Result<void>();
}

Task<Result<void>> Http1Client::send_body(Chunk chunk, const http::HeaderList* trailers, WaitLimits limits) {
  const auto sent = co_await channel_.send_body(chunk, trailers, *arena_, limits);
  if (!sent) co_return upstream_error(sent.error());
  co_return sent;
}

Task<Result<Chunk>> Http1Client::read_body(WaitLimits limits) {
  const auto chunk = co_await channel_.read_body(limits);
  if (!chunk) co_return upstream_error(chunk.error());
  co_return chunk;
}

void Http1Client::start_tunnel() {
  tunnel_ = true;
  channel_.start_tunnel();
}

}  // namespace gatehouse::proxy
