// SPDX-License-Identifier: Apache-2.0
#include "proxy/http1_channel.h"

#include <algorithm>

#include "base/io/yield.h"
#include "proxy/http/http1_codec.h"

namespace gatehouse::proxy {
namespace {

constexpr std::size_t kBodyBuffer = 32 * 1024;  // the high watermark of a stream

}  // namespace

Error Http1Channel::wake_error(io::Wake wake) const {
  if (wake == io::Wake::timeout) return error(Fault::timeout, Retry::never, "no progress in time");
  return error(Fault::cancelled, Retry::never, "the other side went away");
}

// ---- reading

/// Reads once. 0 means: nothing there yet; the flag is asked first, a read in vain costs as much as a real
/// one.
Result<std::size_t> Http1Channel::fill(io::Buffer& buffer) {
  if (!socket_.is_ready(io::Direction::read)) return std::size_t{0};
  const auto got = socket_.read(buffer.room());
  switch (got.state) {
    case io::Transfer::State::done:
      buffer.commit(got.bytes);
      return got.bytes;
    case io::Transfer::State::would_block:
      return std::size_t{0};
    case io::Transfer::State::end:
      return error(Fault::closed, Retry::if_reused, "the connection was closed");
    case io::Transfer::State::failed:
      break;
  }
  return error(Fault::reset, Retry::if_reused, "the connection broke");
}

void Http1Channel::expect_head() {
  if (body_) {  // what came behind the last body starts the next head
    if (!body_.empty()) head_ = std::move(body_);
    body_ = io::Buffer();
  }
  head_.compact();
  scanner_.reset();
  head_pinned_ = false;
}

bool Http1Channel::make_room_for_head(std::size_t max_bytes) {
  if (!head_) head_ = buffers_.take();
  if (!head_.room().empty()) return true;
  if (head_.capacity() > max_bytes) return false;
  io::Buffer larger =
      buffers_.take_sized(std::min(head_.capacity() * 4, max_bytes + io::BufferPool::kBufferSize));
  larger.append(head_.view());
  head_ = std::move(larger);
  return true;
}

Result<std::string_view> Http1Channel::poll_head(std::size_t max_bytes, BlankLines blank) {
  for (;;) {
    const bool maybe_blank = blank == BlankLines::skip && head_.view().starts_with('\r');
    if (maybe_blank) head_.consume(http::leading_blank_lines(head_.view()));
    const bool only_cr = maybe_blank && head_.view() == "\r";
    if (!head_.empty() && !only_cr) {
      const auto state = scanner_.scan(head_.view());
      if (state == http::HeadScanner::State::bad_line_end)
        return error(Fault::bad_request, Retry::never, "a line does not end in CRLF");
      if (state == http::HeadScanner::State::folded_line)
        return error(Fault::bad_request, Retry::never, "a field is folded over several lines");
      if (state == http::HeadScanner::State::complete && scanner_.size() <= max_bytes) {
        head_pinned_ = true;
        return std::string_view(head_.data(), scanner_.size());
      }
      if (head_.size() > max_bytes) return error(Fault::too_large, Retry::never, "the head is too long");
    }
    // No buffer before there is something to read: exchanges that wait for a backend hold none, and the one
    // that is taken then is the one just given back, still in the cache.
    if (!socket_.is_ready(io::Direction::read)) return std::string_view();
    if (!make_room_for_head(max_bytes)) return error(Fault::too_large, Retry::never, "the head is too long");
    const auto got = fill(head_);
    if (!got) return got.error();
    if (*got == 0) return std::string_view();
  }
}

void Http1Channel::begin_body(http::Framing framing, const http::ChunkedRules& rules, Arena& arena) {
  head_.consume(scanner_.size());
  reading_ = framing;
  remaining_ = framing.kind == http::BodyKind::length ? framing.length : 0;
  body_bytes_ = 0;
  has_step_ = has_lookahead_ = false;
  body_ended_ =
      framing.kind == http::BodyKind::none || (framing.kind == http::BodyKind::length && remaining_ == 0);
  if (framing.kind == http::BodyKind::chunked) {
    decoder_.emplace(rules, arena);
  } else {
    decoder_.reset();
  }
}

Chunk Http1Channel::buffered_body() {
  if (body_ended_) return {{}, true};
  switch (reading_.kind) {
    case http::BodyKind::none:
      return {{}, true};
    case http::BodyKind::length: {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, current().size()));
      return {{current().data(), size}, size == remaining_};
    }
    case http::BodyKind::chunked:
      return chunked_body();
    case http::BodyKind::until_close:
      return {current().view(), false};
  }
  return {};
}

/// Decodes one step, and the one behind it, so that the end is seen with the last bytes.
void Http1Channel::decode() {
  using State = http::ChunkedDecoder::State;
  const auto next = [this] {
    auto step = decoder_->feed(current().view());
    current().consume(step.consumed);
    return step;
  };
  if (!has_step_ || step_.state == State::need_more) {
    step_ = has_lookahead_ ? lookahead_ : next();
    has_lookahead_ = false;
    has_step_ = true;
  }
  if (step_.state == State::data && (!has_lookahead_ || lookahead_.state == State::need_more)) {
    // Consumed bytes stay where they are until the next read, and none happens while a step is unused.
    if (!current().empty()) {
      lookahead_ = next();
      has_lookahead_ = lookahead_.state != State::need_more;
    }
  }
}

Chunk Http1Channel::chunked_body() {
  using State = http::ChunkedDecoder::State;
  decode();
  if (step_.state == State::done) {
    body_ended_ = true;
    return {{}, true};
  }
  if (step_.state != State::data) return {};
  return {step_.data, has_lookahead_ && lookahead_.state == State::done};
}

void Http1Channel::consume_body(std::size_t size) {
  body_bytes_ += size;
  switch (reading_.kind) {
    case http::BodyKind::none:
      return;
    case http::BodyKind::until_close:
      current().consume(size);
      return;
    case http::BodyKind::length:
      current().consume(size);
      remaining_ -= size;
      body_ended_ = remaining_ == 0;
      return;
    case http::BodyKind::chunked:
      if (!has_step_) return;
      step_.data.remove_prefix(std::min(size, step_.data.size()));
      if (!step_.data.empty()) return;
      has_step_ = false;
      if (has_lookahead_ && lookahead_.state == http::ChunkedDecoder::State::done) body_ended_ = true;
      return;
  }
}

io::Buffer& Http1Channel::buffer_for_body() {
  if (!head_pinned_ && !body_) {
    if (!head_) head_ = buffers_.take();
    return head_;
  }
  if (!body_)
    body_ = remaining_ > io::BufferPool::kBufferSize ? buffers_.take_sized(kBodyBuffer) : buffers_.take();
  return body_;
}

Task<Result<Chunk>> Http1Channel::read_body(WaitLimits limits) {
  for (;;) {
    const Chunk chunk = buffered_body();
    if (chunk.end || !chunk.data.empty()) co_return chunk;
    if (body_rejection()) co_return error(Fault::bad_request, Retry::never, body_rejection()->reason);
    const auto got = fill(buffer_for_body());
    if (!got) {
      if (got.error().fault == Fault::closed && reading_.kind == http::BodyKind::until_close) {
        body_ended_ = true;
        co_return Chunk{{}, true};
      }
      co_return got.error();
    }
    if (*got != 0) continue;
    if (tunnel_) release_buffers();
    const io::Wake wake = co_await io::Wait(socket_, io::Direction::read, limits.deadline, limits.cancel);
    if (wake != io::Wake::ready) co_return wake_error(wake);
  }
}

const http::HeaderList& Http1Channel::trailers() const {
  static const http::HeaderList kNone;
  return decoder_ ? decoder_->trailers() : kNone;
}

const http::Rejection* Http1Channel::body_rejection() const {
  if (!decoder_ || !has_step_ || step_.state != http::ChunkedDecoder::State::failed) return nullptr;
  return &decoder_->rejection();
}

void Http1Channel::release_buffers() {
  if (body_ && body_.empty()) body_ = io::Buffer();
  if (head_ && head_.empty() && !head_pinned_) head_ = io::Buffer();
}

// ---- writing

namespace {

std::string_view trailer_block(const http::HeaderList& trailers, Arena& arena) {
  std::string_view block;
  for (const auto& field : trailers) {
    const auto line = arena.concat(field.name, ": ", field.value, "\r\n");
    block = block.empty() ? line : arena.concat(block, line);
  }
  return block;
}

}  // namespace

Task<Result<void>> Http1Channel::send_message(std::string_view head, http::Framing framing, Chunk first,
                                              WaitLimits limits) {
  writing_ = framing;
  to_send_ = framing.kind == http::BodyKind::length ? framing.length : 0;
  SendParts parts;
  parts.add(head);
  switch (framing.kind) {
    case http::BodyKind::none:
      break;
    case http::BodyKind::length:
      parts.add(first.data);
      to_send_ -= std::min<std::uint64_t>(to_send_, first.data.size());
      break;
    case http::BodyKind::chunked:
      parts.add_chunked(first, {});
      break;
    case http::BodyKind::until_close:
      parts.add(first.data);
      break;
  }
  sent_end_ = framing.kind == http::BodyKind::none ||
              (framing.kind == http::BodyKind::length ? to_send_ == 0 : first.end);
  return send(parts, limits);
}

Task<Result<void>> Http1Channel::send_body(Chunk chunk, const http::HeaderList* trailers, Arena& arena,
                                           WaitLimits limits) {
  SendParts parts;
  switch (writing_.kind) {
    case http::BodyKind::none:
      return Task<Result<void>>::ready(Result<void>());
    case http::BodyKind::length:
      if (chunk.data.size() > to_send_)
        return Task<Result<void>>::ready(
            error(Fault::internal, Retry::never, "more body than Content-Length"));
      to_send_ -= chunk.data.size();
      parts.add(chunk.data);
      sent_end_ = to_send_ == 0;
      break;
    case http::BodyKind::chunked: {
      const bool with_trailers = chunk.end && trailers && !trailers->empty();
      parts.add_chunked(chunk, with_trailers ? trailer_block(*trailers, arena) : std::string_view());
      sent_end_ = chunk.end;
      break;
    }
    case http::BodyKind::until_close:
      parts.add(chunk.data);
      sent_end_ = chunk.end;
      break;
  }
  return send(parts, limits);
}

/// Everything in one system call if the socket takes it; only what is left over costs a coroutine. While
/// others wait for their turn, sends are gathered at its end: see io::TurnEnd.
Task<Result<void>> Http1Channel::send(SendParts& parts, WaitLimits limits) {
  if (!parts.empty() && socket_.loop().has_more_this_turn()) return send_at_turn_end(parts, limits);
  const auto state = parts.empty() ? Sending::done : send_once(parts);
  if (state == Sending::pending) return send_rest(parts, limits);
  if (state == Sending::broken)
    return Task<Result<void>>::ready(error(Fault::reset, Retry::if_reused, "the connection broke"));
  end_of_send();
  return Task<Result<void>>::ready(Result<void>());
}

Http1Channel::Sending Http1Channel::send_once(SendParts& parts) {
  const auto sent = socket_.write(parts.span());
  if (sent.state == io::Transfer::State::failed) return Sending::broken;
  bytes_sent_ += sent.bytes;
  parts.advance(sent.bytes);
  return parts.empty() ? Sending::done : Sending::pending;
}

Task<Result<void>> Http1Channel::send_at_turn_end(SendParts parts, WaitLimits limits) {
  co_await io::TurnEnd(socket_.loop());
  if (!socket_.is_open()) co_return wake_error(io::Wake::cancelled);
  const auto state = send_once(parts);
  if (state == Sending::broken) co_return error(Fault::reset, Retry::if_reused, "the connection broke");
  if (state == Sending::pending) co_return co_await send_rest(parts, limits);
  end_of_send();
  co_return Result<void>();
}

Task<Result<void>> Http1Channel::send_rest(SendParts parts, WaitLimits limits) {
  for (;;) {
    const io::Wake wake = co_await io::Wait(socket_, io::Direction::write, limits.deadline, limits.cancel);
    if (wake != io::Wake::ready) co_return wake_error(wake);
    const auto state = send_once(parts);
    if (state == Sending::broken) co_return error(Fault::reset, Retry::if_reused, "the connection broke");
    if (state == Sending::done) break;
  }
  end_of_send();
  co_return Result<void>();
}

void Http1Channel::end_of_send() {
  if (tunnel_ && sent_end_) socket_.shutdown_write();
}

void Http1Channel::start_tunnel() {
  tunnel_ = true;
  head_pinned_ = false;
  reading_ = {http::BodyKind::until_close, 0, false};
  writing_ = reading_;
  decoder_.reset();
  has_step_ = has_lookahead_ = false;
  body_ended_ = sent_end_ = false;
}

}  // namespace gatehouse::proxy
