// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/http2_stream.h"

#include <algorithm>

#include "proxy/http2_fields.h"
#include "proxy/http2_session.h"
#include "proxy/websocket_handshake.h"

namespace gatehouse::proxy {
namespace {

Http2Code code_of(const Error& why) {
  if (why.fault == Fault::cancelled || why.fault == Fault::timeout) return Http2Code::cancel;
  if (why.side == Side::downstream && why.fault == Fault::bad_request) return Http2Code::protocol_error;
  return Http2Code::internal_error;
}

std::string_view status_text(std::uint16_t status, Arena& arena) {
  return status == 200 ? std::string_view("200") : decimal(status, arena);
}

}  // namespace

void Http2Stream::begin() {
  scratch_ = worker_.take_scratch();
  channel_.begin(scratch_->arena);
  peer_gone_.reset();
  is_serving = false;
}

std::optional<http::Rejection> Http2Stream::take_head(const http::RequestRules& rules,
                                                      std::string_view scheme) {
  auto& request = scratch_->request;
  http::Http2Target to;
  to.transport_scheme = scheme;
  // The body may have come in the same read.
  const Chunk body = channel_.buffered_body();
  to.ends_here = body.end && body.data.empty() && channel_.trailers().empty();
  request.method_name = request.target = {};
  request.fields.clear();
  for (const auto& field : channel_.next_head()) {
    if (!field.name.starts_with(':')) {
      request.fields.push_back(field);
    } else if (field.name == ":method") {
      request.method_name = field.value;
    } else if (field.name == ":path") {
      request.target = field.value;
    } else if (field.name == ":scheme") {
      to.scheme = field.value;
    } else if (field.name == ":authority") {
      to.authority = field.value;
    } else if (field.name == ":protocol") {
      to.protocol = field.value;
    }
  }
  if (channel_.head_is_too_large()) return http::Rejection{431, "the request head is too large"};
  if (auto refused = http::check_http2_request(request, to, rules, scratch_->arena)) return refused;
  if (!request.upgrade.empty()) {
    std::erase_if(request.fields, [](const HeaderField& field) { return field.name == kWebSocketKey; });
    const auto key = make_websocket_key(worker_.dice(), worker_.dice(), scratch_->arena);
    request.fields.push_back({kWebSocketKey, key, FieldId::other});
  }
  return std::nullopt;
}

void Http2Stream::end() {
  // A client that still sends is told that nobody listens (RFC 9113 8.1).
  channel_.detach(channel_.sent_end() ? Http2Code::no_error : Http2Code::internal_error);
  if (scratch_) worker_.give_back(std::move(scratch_));
  is_serving = false;
}

void Http2Stream::write_fields(const http::ResponseHead& head, std::string_view status) {
  auto& arena = scratch_->arena;
  out_.clear();
  out_.push_back({":status", status, FieldId::other});
  add_http2_fields(out_, head.fields, arena);
}

Task<Result<void>> Http2Stream::send_head(http::ResponseHead& head, Chunk first, WaitLimits limits) {
  const Error gone{Fault::reset, Side::downstream, Retry::never, "the stream was reset"};
  if (!channel_.is_open()) return Task<Result<void>>::ready(Result<void>(gone));
  auto& arena = scratch_->arena;
  const bool is_tunnel = head.status == 101;
  const bool is_interim = head.status < 200 && !is_tunnel;
  auto status = head.status;
  if (is_tunnel) status = 200;  // RFC 8441 5
  // Without a 101 there is no tunnel, but a 2xx would promise one.
  if (!is_tunnel && !scratch_->request.upgrade.empty() && status >= 200 && status < 300) status = 502;
  write_fields(head, status_text(status, arena));
  if (is_tunnel) std::erase_if(out_, [](const HeaderField& field) { return field.name == kWebSocketAccept; });
  if (is_interim) {
    const bool sent = channel_.submit_interim(out_);
    return Task<Result<void>>::ready(sent ? Result<void>() : Result<void>(gone));
  }
  const auto is = [](FieldId id) { return [id](const HeaderField& field) { return field.id == id; }; };
  const auto length = std::find_if(head.fields.begin(), head.fields.end(), is(FieldId::content_length));
  if (length != head.fields.end()) {
    out_.push_back({"content-length", length->value, FieldId::content_length});
  } else if (head.framing.kind == http::BodyKind::length) {
    out_.push_back({"content-length", decimal(head.framing.length, arena), FieldId::content_length});
  }
  if (std::none_of(out_.begin(), out_.end(), is(FieldId::date)))
    out_.push_back({"date", worker_.date(), FieldId::date});

  const bool has_no_body =
      !is_tunnel && (head.framing.kind == http::BodyKind::none ||
                     (head.framing.kind == http::BodyKind::length && head.framing.length == 0) ||
                     (first.end && first.data.empty()));
  const auto body = has_no_body ? Http2Body::none : Http2Body::follows;
  if (!channel_.submit_response(out_, body)) return Task<Result<void>>::ready(Result<void>(gone));
  if (has_no_body || is_tunnel) return Task<Result<void>>::ready(Result<void>());
  return channel_.send_body(first, nullptr, limits);
}

void Http2Stream::reset(const Error& why) {
  channel_.reset(code_of(why));
}

}  // namespace gatehouse::proxy
