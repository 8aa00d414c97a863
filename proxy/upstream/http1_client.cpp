// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/http1_client.h"

#include "proxy/http/hop_headers.h"
#include "proxy/http/http1_codec.h"
#include "proxy/http/response_rules.h"

namespace gatehouse::proxy {
namespace {

constexpr std::size_t kMaxResponseHead = 64 * 1024;  // B6

}  // namespace

void Http1Client::begin_exchange(Arena& arena) {
  arena_ = &arena;
  ++exchanges_;
  received_ = keep_alive_ = false;
}

bool Http1Client::may_be_reused() const {
  return keep_alive_ && !tunnel_ && channel_.body_ended() && channel_.message_sent() &&
         !channel_.has_bytes() && !socket_.peer_closed();
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
  return channel_.send_message(bytes, head.framing, first, limits);
}

Task<Result<void>> Http1Client::read_head(http::ResponseHead& head, http::Method method, bool upgrade_asked,
                                          WaitLimits limits) {
  http::ResponseRules rules;
  rules.request_method = method;
  rules.upgrade_asked = upgrade_asked;
  channel_.expect_head();
  for (;;) {
    const auto bytes = channel_.poll_head(kMaxResponseHead, Http1Channel::BlankLines::keep);
    received_ = received_ || channel_.has_bytes();
    if (!bytes) co_return bytes.error();
    if (!bytes->empty()) co_return take_head(*bytes, head, rules);
    const io::Wake wake = co_await io::Wait(socket_, io::Direction::read, limits.deadline, limits.cancel);
    if (wake != io::Wake::ready) co_return channel_.wake_error(wake);
  }
}

Result<void> Http1Client::take_head(std::string_view bytes, http::ResponseHead& head,
                                    const http::ResponseRules& rules) {
  const auto refuse = [](std::string_view why) {
    return Error{Fault::bad_request, Side::upstream, Retry::never, why};
  };
  if (const auto rejected = http::parse_response_head(bytes, head)) return refuse(rejected->reason);
  if (const auto rejected = http::check_response(head, rules)) return refuse(rejected->reason);
  http::ChunkedRules chunked;
  if (head.framing.kind == http::BodyKind::chunked)
    chunked.hop_names = http::connection_names(head.fields, *arena_);
  channel_.begin_body(head.framing, chunked, *arena_);
  keep_alive_ = head.framing.keep_alive;
  return {};
}

void Http1Client::start_tunnel() {
  tunnel_ = true;
  channel_.start_tunnel();
}

}  // namespace gatehouse::proxy
