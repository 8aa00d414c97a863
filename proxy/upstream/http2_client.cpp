// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/http2_client.h"

#include <charconv>

#include "base/text.h"
#include "proxy/http/framing.h"
#include "proxy/http/response_rules.h"
#include "proxy/http2_fields.h"
#include "proxy/websocket_handshake.h"

namespace gatehouse::proxy {
namespace {

Error refuse(std::string_view why) {
  return {Fault::bad_request, Side::upstream, Retry::never, why};
}

}  // namespace

Http2Client::Http2Client(Ref<Http2Link> link)
    : link_(std::move(link)),
      channel_(link_->session().socket().loop(), link_->buffers(), Side::upstream),
      is_reused_(link_->session().streams_begun() > 0) {
  link_->stream_began();
}

Http2Client::~Http2Client() {
  channel_.detach(Http2Code::cancel);
  link_->stream_ended();
}

void Http2Client::begin_exchange(Arena& arena) {
  arena_ = &arena;
  channel_.begin(arena);
}

void Http2Client::write_fields(const http::RequestHead& head) {
  const bool is_upgrade = !head.upgrade.empty();
  out_.clear();
  out_.push_back({":method", is_upgrade ? std::string_view("CONNECT") : head.method_name, FieldId::other});
  if (is_upgrade) out_.push_back({":protocol", head.upgrade, FieldId::other});
  out_.push_back({":scheme", link_->is_secure() ? "https" : "http", FieldId::other});
  if (!head.authority.empty()) out_.push_back({":authority", head.authority, FieldId::other});
  const auto path = head.has_query ? arena_->concat(head.path, "?", head.query) : head.path;
  out_.push_back({":path", path, FieldId::other});
  add_http2_fields(out_, head.fields, *arena_);
  if (head.framing.kind == http::BodyKind::length)
    out_.push_back({"content-length", decimal(head.framing.length, *arena_), FieldId::content_length});
  if (!is_upgrade) return;
  std::erase_if(out_, [this](const HeaderField& field) {
    if (field.name != kWebSocketKey) return false;
    websocket_key_ = field.value;
    return true;
  });
}

Result<void> Http2Client::submit(const http::RequestHead& head, Http2Body body) {
  write_fields(head);
  if (link_->session().submit_request(channel_, out_, body)) return {};
  return Error{Fault::closed, Side::upstream, Retry::safe, "the connection takes no more streams"};
}

Task<Result<void>> Http2Client::send_head(const http::RequestHead& head, Chunk first, WaitLimits limits) {
  if (!head.upgrade.empty()) return send_upgrade(head, limits);
  const bool has_no_body = head.framing.kind == http::BodyKind::none || (first.end && first.data.empty());
  const auto submitted = submit(head, has_no_body ? Http2Body::none : Http2Body::follows);
  if (!submitted || has_no_body) return Task<Result<void>>::ready(submitted);
  return channel_.send_body(first, nullptr, limits);
}

/// RFC 8441 3: only after the backend has said that it knows Extended CONNECT.
Task<Result<void>> Http2Client::send_upgrade(const http::RequestHead& head, WaitLimits limits) {
  auto& session = link_->session();
  while (!session.peer_said_settings() && !session.is_over()) {
    const io::Wake wake = co_await io::SignalWait(link_->settings(), limits.deadline, limits.cancel);
    if (wake == io::Wake::timeout)
      co_return Error{Fault::timeout, Side::upstream, Retry::never, "no SETTINGS in time"};
    if (wake == io::Wake::cancelled)
      co_return Error{Fault::cancelled, Side::upstream, Retry::never, "the other side went away"};
  }
  if (!session.is_over() && !session.peer_allows_extended_connect())
    co_return refuse("the backend takes no upgrades over HTTP/2");
  co_return submit(head, Http2Body::follows);
}

Task<Result<void>> Http2Client::read_head(http::ResponseHead& head, http::Method method, bool upgrade_asked,
                                          WaitLimits limits) {
  const auto here = co_await channel_.wait_for_head(limits);
  if (!here) co_return here;
  co_return take_head(head, method, upgrade_asked);
}

Result<void> Http2Client::take_head(http::ResponseHead& head, http::Method method, bool upgrade_asked) {
  head.status = 0;
  head.reason = {};
  head.minor_version = 1;
  head.fields.clear();
  for (const auto& field : channel_.next_head()) {
    if (field.name == ":status") {
      head.status = static_cast<std::uint16_t>(parse_decimal(field.value).value_or(0));
    } else if (!field.name.starts_with(':')) {
      head.fields.push_back(field);
    }
  }
  if (channel_.head_is_too_large()) return refuse("the response head is too large");
  if (head.status == 101) return refuse("101 does not exist in HTTP/2");

  http::ResponseRules rules;
  rules.request_method = method;
  if (const auto rejected = http::check_response(head, rules)) return refuse(rejected->reason);
  if (upgrade_asked && head.status >= 200 && head.status < 300) {
    head.status = 101;
    head.framing = {};
    std::erase_if(head.fields, [](const HeaderField& field) { return field.id == FieldId::content_length; });
    if (!websocket_key_.empty())
      head.fields.push_back(
          {"Sec-WebSocket-Accept", accept_websocket_key(websocket_key_, *arena_), FieldId::other});
  } else if (head.framing.kind == http::BodyKind::until_close) {
    // The end of the stream ends the body; a stream that has ended has none.
    const Chunk here = channel_.buffered_body();
    const bool is_empty = here.end && here.data.empty();
    head.framing = {is_empty ? http::BodyKind::length : http::BodyKind::chunked, 0, true};
  }
  return {};
}

}  // namespace gatehouse::proxy
