// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/http1_stream.h"

#include "proxy/http/http1_codec.h"

namespace gatehouse::proxy {
namespace {

constexpr std::size_t kInlineBody = 2 * 1024;  // copied behind the head: cheaper than a second part

struct Present {
  bool length = false;
  bool date = false;
};

Present look_at(const http::HeaderList& fields) {
  Present present;
  for (const auto& field : fields) {
    present.length |= field.id == FieldId::content_length;
    present.date |= field.id == FieldId::date;
  }
  return present;
}

}  // namespace

void Http1Stream::begin_exchange(Scratch& scratch, const http::ChunkedRules& rules, Reuse reuse) {
  scratch_ = &scratch;
  keep_alive_ = scratch.request.framing.keep_alive && reuse == Reuse::allowed;
  was_reset_ = false;
  peer_gone_.reset();
  channel_.begin_body(scratch.request.framing, rules, scratch.arena);
  watch_for_hangup(channel_.body_ended() ? Body::is_here : Body::on_its_way);
}

/// While the body is on its way its reader sees the end itself; afterwards FIN means that nobody waits (B5).
void Http1Stream::watch_for_hangup(Body body) {
  const bool on_fin = body == Body::is_here && worker_.settings.half_close == HalfClose::cancel;
  socket_.set_hangup_target(&peer_gone_, on_fin);
  if (socket_.is_broken() || (on_fin && socket_.peer_closed())) peer_gone_.fire();
}

/// What came as a whole is sent without a reader, and stays here for a second try.
Chunk Http1Stream::buffered_body() {
  const Chunk chunk = channel_.buffered_body();
  if (chunk.end && !tunnel_) watch_for_hangup(Body::is_here);
  return chunk;
}

Task<Result<Chunk>> Http1Stream::read_body(WaitLimits limits) {
  const auto chunk = co_await channel_.read_body(limits);
  if (!chunk) {
    Error error = chunk.error();
    if (const auto* rejection = channel_.body_rejection())
      error.fault =
          rejection->status == 413 || rejection->status == 431 ? Fault::too_large : Fault::bad_request;
    co_return error;
  }
  co_return chunk;
}

void Http1Stream::consume_body(std::size_t size) {
  const bool ended_before = channel_.body_ended();
  channel_.consume_body(size);
  if (!ended_before && channel_.body_ended() && !tunnel_) watch_for_hangup(Body::is_here);
}

/// F26: what an HTTP/1.0 client cannot read becomes delimited by the end of the connection; for all others a
/// body that the backend ended by closing becomes chunked.
http::Framing Http1Stream::frame_for_client(const http::Framing& framing) {
  const bool unknown_length =
      framing.kind == http::BodyKind::chunked || framing.kind == http::BodyKind::until_close;
  if (!unknown_length) return framing;
  if (scratch_->request.minor_version >= 1) return {http::BodyKind::chunked, 0, false};
  keep_alive_ = false;
  return {http::BodyKind::until_close, 0, false};
}

Task<Result<void>> Http1Stream::send_head(http::ResponseHead& head, Chunk first, WaitLimits limits) {
  http::StatusLine line;
  line.status = head.status;
  line.reason = head.reason;
  if (head.status == 101) {
    line.connection = http::ConnectionField::upgrade;
    line.upgrade = scratch_->request.upgrade;
  } else if (head.status >= 200) {
    const Present present = look_at(head.fields);
    line.framing = frame_for_client(head.framing);
    line.write_length = !present.length;
    if (!present.date) line.date = worker_.date();
    if (!channel_.body_ended() || worker_.draining) keep_alive_ = false;
    const bool is_1_0 = scratch_->request.minor_version == 0;
    if (!keep_alive_) line.connection = http::ConnectionField::close;
    if (keep_alive_ && is_1_0) line.connection = http::ConnectionField::keep_alive;
  }
  const bool inlined = line.framing.kind == http::BodyKind::length && first.data.size() <= kInlineBody;
  const auto bytes = http::write_response_head(scratch_->arena, line, head.fields,
                                               inlined ? first.data : std::string_view());
  if (!inlined) return channel_.send_message(bytes, line.framing, first, limits);
  http::Framing rest = line.framing;
  rest.length -= std::min<std::uint64_t>(rest.length, first.data.size());
  return channel_.send_message(bytes, rest, Chunk{{}, first.end}, limits);
}

void Http1Stream::reset(const Error&) {
  was_reset_ = true;
  keep_alive_ = false;
  socket_.reset_on_close();
}

void Http1Stream::start_tunnel() {
  tunnel_ = true;
  keep_alive_ = false;
  channel_.start_tunnel();
  socket_.set_hangup_target(&peer_gone_, false);  // FIN is relayed, not an end
}

}  // namespace gatehouse::proxy
