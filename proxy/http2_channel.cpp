// SPDX-License-Identifier: Apache-2.0
#include "proxy/http2_channel.h"

#include <algorithm>

#include "proxy/http/chunked_decoder.h"
#include "proxy/http/field_syntax.h"
#include "proxy/http2_session.h"

namespace gatehouse::proxy {
namespace {

constexpr std::size_t kMostBlocks = 24;       // F24 ends an exchange earlier
constexpr std::uint32_t kFieldOverhead = 32;  // RFC 9113 6.5.2: how a header list is measured
constexpr std::uint32_t kMostTrailers = 100;

}  // namespace

void Http2Channel::begin(Arena& arena) {
  arena_ = &arena;
  fields_.clear();
  trailers_.clear();
  blocks_.clear();
  body_.clear();
  body_front_ = next_block_ = 0;
  head_complete_ = block_is_trailers_ = block_too_large_ = false;
  received_end_ = received_anything_ = false;
  to_send_ = {};
  trailers_to_send_ = nullptr;
  end_to_send_ = sending_ = sent_end_ = false;
  error_ = {Fault::closed, peer_, Retry::safe, "the stream is not open"};
  close_code_ = Http2Code::no_error;
}

void Http2Channel::detach(Http2Code code) {
  if (session_) session_->forget(*this, code);
  body_.clear();
  body_front_ = 0;
}

void Http2Channel::reset(Http2Code code) {
  if (session_) session_->reset(*this, code);
}

// ---- receiving

void Http2Channel::begin_block() {
  received_anything_ = true;
  block_is_trailers_ = head_complete_;
  block_start_ = static_cast<std::uint32_t>(fields_.size());
  block_bytes_ = 0;
  block_too_large_ = blocks_.size() >= kMostBlocks;
}

void Http2Channel::add_field(std::string_view name, std::string_view value, std::uint32_t most_bytes) {
  block_bytes_ += static_cast<std::uint32_t>(name.size() + value.size()) + kFieldOverhead;
  if (block_bytes_ > most_bytes) block_too_large_ = true;
  if (block_too_large_) return;  // P10: decoded, not kept
  if (name == ":method" || (name == ":status" && !value.starts_with('1'))) head_complete_ = true;
  const HeaderField field{name, value, field_id(name)};
  if (block_is_trailers_ && (trailers_.size() >= kMostTrailers || !http::may_be_trailer(field))) return;
  auto& list = block_is_trailers_ ? trailers_ : fields_;
  list.push_back({arena_->copy(name), arena_->copy(value), field.id});
}

void Http2Channel::end_block() {
  if (!block_is_trailers_)
    blocks_.push_back({block_start_, static_cast<std::uint32_t>(fields_.size()), block_too_large_});
  arrived_.raise();
}

void Http2Channel::append(std::string_view data) {
  received_anything_ = true;
  while (!data.empty()) {
    if (body_.empty() || body_.back().room().empty()) body_.push_back(buffers_.take());
    const auto taken = data.substr(0, body_.back().room().size());
    body_.back().append(taken);
    data.remove_prefix(taken.size());
  }
  arrived_.raise();
}

void Http2Channel::end_received() {
  received_end_ = true;
  arrived_.raise();
}

void Http2Channel::closed(const Error& why, Http2Code code) {
  session_ = nullptr;
  error_ = why;
  close_code_ = code;
  arrived_.raise();
  sent_.raise();
}

std::span<const HeaderField> Http2Channel::next_head() {
  if (!has_head()) return {};
  const Block block = blocks_[next_block_++];
  return {fields_.data() + block.first, fields_.data() + block.last};
}

Task<Result<void>> Http2Channel::wait_for_head(WaitLimits limits) {
  for (;;) {
    if (has_head()) co_return Result<void>();
    if (!session_) co_return error_;
    if (received_end_)
      co_return Error{Fault::bad_request, peer_, Retry::never, "the stream ended without a head"};
    const io::Wake wake = co_await io::SignalWait(arrived_, limits.deadline, limits.cancel);
    if (wake != io::Wake::ready) co_return wake_error(wake);
  }
}

Chunk Http2Channel::buffered_body() const {
  if (body_front_ == body_.size()) return {{}, received_end_};
  const bool is_last = body_front_ + 1 == body_.size();
  return {body_[body_front_].view(), is_last && received_end_};
}

Task<Result<Chunk>> Http2Channel::read_body(WaitLimits limits) {
  for (;;) {
    const Chunk chunk = buffered_body();
    if (chunk.end || !chunk.data.empty()) co_return chunk;
    if (!session_) co_return error_;
    const io::Wake wake = co_await io::SignalWait(arrived_, limits.deadline, limits.cancel);
    if (wake != io::Wake::ready) co_return wake_error(wake);
  }
}

void Http2Channel::consume_body(std::size_t size) {
  if (size == 0 || body_front_ == body_.size()) return;
  auto& front = body_[body_front_];
  front.consume(size);
  if (front.empty()) {
    front = io::Buffer();
    if (++body_front_ == body_.size()) {
      body_.clear();
      body_front_ = 0;
    } else if (body_front_ > 16) {  // a long body must not leave a trail
      body_.erase(body_.begin(), body_.begin() + static_cast<std::ptrdiff_t>(body_front_));
      body_front_ = 0;
    }
  }
  if (session_) session_->credit(*this, size);
}

// ---- sending

bool Http2Channel::submit_response(std::span<const HeaderField> head, Http2Body body) {
  return session_ && session_->submit_response(*this, head, body);
}

bool Http2Channel::submit_interim(std::span<const HeaderField> head) {
  return session_ && session_->submit_interim(*this, head);
}

Task<Result<void>> Http2Channel::send_body(Chunk chunk, const http::HeaderList* trailers, WaitLimits limits) {
  if (!session_) return Task<Result<void>>::ready(Result<void>(error_));
  if (chunk.data.empty() && !chunk.end) return Task<Result<void>>::ready(Result<void>());
  if (sent_end_) return Task<Result<void>>::ready(Result<void>());  // a message without a body
  to_send_ = chunk.data;
  end_to_send_ = chunk.end;
  trailers_to_send_ = chunk.end && trailers && !trailers->empty() ? trailers : nullptr;
  sending_ = true;
  session_->resume(*this);
  if (!sending_) return Task<Result<void>>::ready(Result<void>());
  return wait_until_sent(limits);
}

Task<Result<void>> Http2Channel::wait_until_sent(WaitLimits limits) {
  while (sending_ && session_) {
    const io::Wake wake = co_await io::SignalWait(sent_, limits.deadline, limits.cancel);
    if (wake != io::Wake::ready && sending_) co_return give_up_sending(wake);
  }
  const bool is_sent = !sending_;
  sending_ = false;
  to_send_ = {};
  if (!is_sent) co_return error_;
  co_return Result<void>();
}

/// The sender's bytes are not ours any more.
Result<void> Http2Channel::give_up_sending(io::Wake wake) {
  sending_ = end_to_send_ = false;
  to_send_ = {};
  trailers_to_send_ = nullptr;
  return wake_error(wake);
}

Error Http2Channel::wake_error(io::Wake wake) const {
  if (wake == io::Wake::timeout) return {Fault::timeout, peer_, Retry::never, "no progress in time"};
  return {Fault::cancelled, peer_, Retry::never, "the other side went away"};
}

}  // namespace gatehouse::proxy
