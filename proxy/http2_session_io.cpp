// SPDX-License-Identifier: Apache-2.0
// A session's bytes: from the socket to nghttp2, and from there back in one write per turn of the loop.
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>

#include "base/io/yield.h"
#include "proxy/http2_session.h"

namespace gatehouse::proxy {
namespace {

constexpr int kReadsPerTurn = 4;
constexpr std::size_t kMostOutput = 64 * 1024;
constexpr std::size_t kMostDropped = 256 * 1024;   // F20: of a peer that does not hear GOAWAY
constexpr auto kLinger = std::chrono::seconds(1);  // F28
constexpr std::size_t kMostParts = 8;

}  // namespace

// ---- reading

void Http2Session::on_readable(io::Waiter& self) {
  static_cast<Http2Session&>(self).read_some();
}

void Http2Session::listen() {
  if (socket_.is_ready(io::Direction::read)) {
    loop_.make_ready(*this, io::Wake::ready);
  } else {
    socket_.set_read_waiter(this);
  }
}

void Http2Session::read_some() {
  if (over_) return;
  guard_.begin_turn(loop_.now());
  Input got = Input::more;
  {
    auto buffer = buffers_.take();
    for (int i = 0; i < kReadsPerTurn && got == Input::more && !over_; ++i) got = read_once(buffer);
  }
  if (over_) return;
  if (got == Input::ended) {
    const Side peer = options_.role == Role::server ? Side::downstream : Side::upstream;
    return fail({Fault::closed, peer, Retry::if_reused, "the connection was closed"});
  }
  after_receive();
  if (over_) return;
  listen();
  schedule_flush();
  arm_timer();
}

Http2Session::Input Http2Session::read_once(io::Buffer& buffer) {
  if (!socket_.is_ready(io::Direction::read)) return Input::drained;
  buffer.clear();
  const auto got = socket_.read(buffer.room());
  switch (got.state) {
    case io::Transfer::State::done:
      break;
    case io::Transfer::State::would_block:
      return Input::drained;
    case io::Transfer::State::end:
    case io::Transfer::State::failed:
      return Input::ended;
  }
  last_received_ = loop_.now();
  if (terminating_ || lingering_) {
    dropped_ += got.bytes;
    return dropped_ > kMostDropped ? Input::ended : Input::more;
  }
  buffer.commit(got.bytes);
  receive(buffer.view());
  return Input::more;
}

void Http2Session::receive(std::string_view bytes) {
  const auto taken =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0 && rule_broken_) return terminate(Http2Code::protocol_error);
  if (taken >= 0) return check_floods();
  const bool flooded = taken == NGHTTP2_ERR_FLOODED || taken == NGHTTP2_ERR_TOO_MANY_SETTINGS ||
                       taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS;
  say_goodbye(flooded ? Http2Code::enhance_your_calm : Http2Code::protocol_error);
}

/// nghttp2 has given the session up: what remains is to tell the peer (RFC 9113 5.4.1).
void Http2Session::say_goodbye(Http2Code code) {
  if (over_ || lingering_) return;
  terminating_ = true;
  close_channels(closed_error(Http2Code::cancel));
  const auto last = static_cast<std::uint32_t>(nghttp2_session_get_last_proc_stream_id(session_));
  const auto number = static_cast<std::uint32_t>(code);
  const auto byte = [](std::uint32_t value, int shift) { return static_cast<char>(value >> shift & 0xff); };
  const std::array<char, 17> goaway{0,
                                    0,
                                    8,
                                    NGHTTP2_GOAWAY,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    byte(last, 24),
                                    byte(last, 16),
                                    byte(last, 8),
                                    byte(last, 0),
                                    byte(number, 24),
                                    byte(number, 16),
                                    byte(number, 8),
                                    byte(number, 0)};
  append({goaway.data(), goaway.size()});
  given_up_ = true;
  schedule_flush();
}

/// The callbacks are over: now the host may act.
void Http2Session::after_receive() {
  while (!heads_received_.empty() && !over_) {
    Http2Channel* channel = heads_received_.front();
    heads_received_.erase(heads_received_.begin());
    host_.head_received(*channel);
  }
  if (std::exchange(capacity_changed_, false) && !over_) host_.capacity_changed();
}

// ---- writing

bool Http2Session::is_full() const {
  return out_size_ >= kMostOutput;
}

void Http2Session::append(std::string_view bytes) {
  out_size_ += bytes.size();
  while (!bytes.empty()) {
    if (out_.empty() || out_.back().room().empty()) out_.push_back(buffers_.take());
    const auto taken = bytes.substr(0, out_.back().room().size());
    out_.back().append(taken);
    bytes.remove_prefix(taken.size());
  }
}

/// Frames of nghttp2 into our output, as far as it has room. Senders whose bytes are framed may go on.
void Http2Session::pump() {
  while (!over_ && !given_up_ && !is_full()) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) {
      broken_ = true;
      return;
    }
    if (size == 0) return;
    append({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  }
}

void Http2Session::schedule_flush() {
  if (over_ || writing_ || flush_scheduled_) return;
  flush_scheduled_ = true;
  loop_.at_turn_end(flush_hook_);
}

void Http2Session::flush() {
  flush_scheduled_ = false;
  if (over_ || writing_) return;
  for (;;) {
    pump();
    if (broken_) return fail(closed_error(Http2Code::internal_error));
    if (out_size_ == 0) break;
    const Sending sending = write_once();
    if (sending == Sending::broken) return fail(broken_error());
    if (sending == Sending::pending) {
      writing_ = true;
      io::spawn(write_rest());
      return;
    }
  }
  settle();
}

Http2Session::Sending Http2Session::write_once() {
  std::array<iovec, kMostParts> parts;
  std::size_t count = 0;
  for (auto& buffer : out_) {
    if (count == parts.size()) break;
    parts[count++] = {const_cast<char*>(buffer.data()), buffer.size()};
  }
  const auto sent = socket_.write({parts.data(), count});
  if (sent.state == io::Transfer::State::failed) return Sending::broken;
  out_size_ -= sent.bytes;
  std::size_t left = sent.bytes;
  std::size_t empty = 0;
  for (auto& buffer : out_) {
    const std::size_t taken = std::min(left, buffer.size());
    buffer.consume(taken);
    left -= taken;
    if (!buffer.empty()) break;
    ++empty;
  }
  out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(empty));
  if (out_size_ == 0) return Sending::done;
  return socket_.is_ready(io::Direction::write) ? Sending::done : Sending::pending;
}

/// The socket takes no more for now: frames gather in nghttp2, senders wait.
io::Task<> Http2Session::write_rest() {
  for (;;) {
    const MonoTime deadline = loop_.now() + options_.send_timeout;
    const io::Wake woken = co_await io::Wait(socket_, io::Direction::write, deadline, nullptr);
    if (over_) break;
    if (woken != io::Wake::ready) {
      fail(broken_error());
      break;
    }
    const Sending sending = write_once();
    if (sending == Sending::broken) {
      fail(broken_error());
      break;
    }
    if (sending == Sending::pending) continue;
    pump();
    if (out_size_ == 0 || broken_) break;
  }
  writing_ = false;
  if (over_) {
    loop_.make_ready(end_hook_, io::Wake::ready);
    co_return;
  }
  schedule_flush();
}

Error Http2Session::broken_error() const {
  const Side peer = options_.role == Role::server ? Side::downstream : Side::upstream;
  return {Fault::reset, peer, Retry::if_reused, "the connection broke"};
}

/// Everything is out. A session that nghttp2 has nothing more to do for ends, once the peer had a moment to
/// read why.
void Http2Session::settle() {
  if (lingering_) return;
  const bool is_done =
      given_up_ || (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0);
  if (!is_done) {
    if (std::exchange(capacity_changed_, false)) host_.capacity_changed();
    if (!over_) arm_timer();
    return;
  }
  close_channels(closed_error(Http2Code::cancel));
  if (options_.role == Role::client || socket_.peer_closed()) return fail(closed_error(Http2Code::no_error));
  lingering_ = true;
  linger_until_ = loop_.now() + kLinger;
  socket_.shutdown_write();
  armed_until_ = io::kNoDeadline;
  arm_timer();
}

}  // namespace gatehouse::proxy
