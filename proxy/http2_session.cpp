// SPDX-License-Identifier: Apache-2.0
// A session's streams, deadlines and end; its bytes are in http2_session_io.cpp.
#include "proxy/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>

namespace gatehouse::proxy {
namespace {

constexpr auto kDrainNotice = std::chrono::seconds(1);  // P15
constexpr std::int32_t kDefaultConnectionWindow = 65'535;

}  // namespace

Http2Session::Http2Session(io::EventLoop& loop, io::BufferPool& buffers, Http2Host& host,
                           const Options& options)
    : io::Waiter(&Http2Session::on_readable),
      io::Timer(&Http2Session::on_timer),
      loop_(loop),
      buffers_(buffers),
      host_(host),
      options_(options),
      socket_(loop),
      guard_(options_.limits),
      flush_hook_([](io::Waiter& self) { static_cast<Hook&>(self).session.flush(); }, *this),
      end_hook_([](io::Waiter& self) { static_cast<Hook&>(self).session.host_.session_ended(); }, *this) {}

Http2Session::~Http2Session() {
  while (channels_) unlink(*channels_);
  nghttp2_session_del(session_);
}

bool Http2Session::start(std::string_view received) {
  if (!create()) return false;
  const auto& limits = options_.limits;
  std::array<nghttp2_settings_entry, 5> entries{};
  std::size_t count = 0;
  entries[count++] = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window};
  entries[count++] = {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, options_.max_header_list};
  if (options_.role == Role::server) {
    entries[count++] = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.max_concurrent_streams};
    entries[count++] = {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};
  } else {
    entries[count++] = {NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
  }
  if (nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(), count) != 0) return false;
  const auto window = std::max(static_cast<std::int32_t>(limits.connection_window), kDefaultConnectionWindow);
  if (nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, window) != 0) return false;

  started_ = idle_since_ = last_received_ = loop_.now();
  guard_.begin_turn(started_);
  if (!received.empty()) receive(received);
  if (over_) return true;
  after_receive();
  listen();
  schedule_flush();
  arm_timer();
  return true;
}

// ---- streams

void Http2Session::attach(Http2Channel& channel, std::int32_t id) {
  channel.session_ = this;
  channel.id_ = id;
  channel.older_ = channels_;
  channel.newer_ = nullptr;
  if (channels_) channels_->newer_ = &channel;
  channels_ = &channel;
  if (options_.role == Role::server) nghttp2_session_set_stream_user_data(session_, id, &channel);
}

void Http2Session::unlink(Http2Channel& channel) {
  if (channel.newer_) {
    channel.newer_->older_ = channel.older_;
  } else {
    channels_ = channel.older_;
  }
  if (channel.older_) channel.older_->newer_ = channel.newer_;
  channel.older_ = channel.newer_ = nullptr;
  channel.session_ = nullptr;
  std::erase(heads_received_, &channel);
}

void Http2Session::forget(Http2Channel& channel, Http2Code code) {
  const std::int32_t id = channel.id_;
  const bool is_complete = channel.received_end_ && channel.sent_end_;
  unlink(channel);
  nghttp2_session_set_stream_user_data(session_, id, nullptr);
  schedule_flush();
  if (is_complete) return;
  // A complete message of ours goes first: nghttp2 drops what waits when a reset is asked for.
  if (channel.sent_end_) pump();
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(code));
}

void Http2Session::reset(Http2Channel& channel, Http2Code code) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, channel.id_, static_cast<std::uint32_t>(code));
  schedule_flush();
}

void Http2Session::resume(Http2Channel& channel) {
  // Refused where the data was never deferred: then it is on its way already.
  static_cast<void>(nghttp2_session_resume_data(session_, channel.id_));
  pump();
  schedule_flush();
}

void Http2Session::credit(Http2Channel& channel, std::size_t size) {
  nghttp2_session_consume_stream(session_, channel.id_, size);
  schedule_flush();
}

void Http2Session::stream_gone(Http2Channel* channel, Http2Code code) {
  capacity_changed_ = true;
  if (open_streams_ > 0 && --open_streams_ == 0) idle_since_ = loop_.now();
  if (!channel) return;
  unlink(*channel);
  channel->closed(closed_error(code), code);
  host_.stream_closed(*channel);
}

Http2Channel* Http2Session::find_channel(std::int32_t id) const {
  Http2Channel* channel = channels_;
  while (channel && channel->id_ != id) channel = channel->older_;
  return channel;
}

void Http2Session::note_begun(std::int32_t id) {
  if (id > last_begun_ + 2) skipped_[next_skipped_++ % skipped_.size()] = {last_begun_ + 2, id - 2};
  last_begun_ = std::max(last_begun_, id);
}

/// RFC 9113 5.1.1: an id below the last one that was never used. nghttp2 takes it for a stream that has
/// ended.
bool Http2Session::was_skipped(std::int32_t id) const {
  return std::any_of(skipped_.begin(), skipped_.end(),
                     [id](const Skipped& range) { return range.first <= id && id <= range.last; });
}

void Http2Session::close_channels(const Error& why) {
  while (Http2Channel* channel = channels_) {
    unlink(*channel);
    nghttp2_session_set_stream_user_data(session_, channel->id_, nullptr);
    channel->closed(why, Http2Code::cancel);
    host_.stream_closed(*channel);
  }
}

Error Http2Session::closed_error(Http2Code code) const {
  const Side peer = options_.role == Role::server ? Side::downstream : Side::upstream;
  if (code == Http2Code::refused_stream) return {Fault::reset, peer, Retry::safe, "the stream was refused"};
  if (code == Http2Code::no_error) return {Fault::closed, peer, Retry::never, "the stream was ended early"};
  return {Fault::reset, peer, Retry::never, "the stream was reset"};
}

std::uint32_t Http2Session::stream_limit() const {
  const std::uint32_t theirs =
      nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return std::min(theirs, options_.limits.max_concurrent_streams);
}

bool Http2Session::may_open_stream() const {
  if (over_ || terminating_ || lingering_ || drain_ != Drain::no || goaway_received_) return false;
  return open_streams_ < stream_limit() && nghttp2_session_check_request_allowed(session_) != 0;
}

bool Http2Session::peer_allows_extended_connect() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

// ---- time

void Http2Session::on_timer(io::Timer& self) {
  auto& session = static_cast<Http2Session&>(self);
  session.armed_until_ = io::kNoDeadline;
  session.check_time();
  if (!session.over_) session.arm_timer();
}

void Http2Session::check_time() {
  const MonoTime now = loop_.now();
  if (lingering_) {
    if (now >= linger_until_) fail(closed_error(Http2Code::no_error));
    return;
  }
  if (!settings_received_ && now >= started_ + options_.header_timeout)
    return terminate(Http2Code::settings_timeout);
  if (!settings_acked_ && now >= started_ + options_.limits.settings_timeout)
    return terminate(Http2Code::settings_timeout);
  if (block_open_ && now >= block_started_ + options_.header_timeout)
    return terminate(Http2Code::enhance_your_calm);
  if (drain_ == Drain::announced && now >= drain_started_ + kDrainNotice) finish_drain();
  if (open_streams_ == 0) {
    if (now >= idle_since_ + options_.idle_timeout) terminate(Http2Code::no_error);
    return;
  }
  check_silence(now);
}

/// Open streams and not a byte: is the peer still there?
void Http2Session::check_silence(MonoTime now) {
  const auto& limits = options_.limits;
  if (limits.ping_interval.count() == 0) return;
  if (ping_pending_) {
    const Side peer = options_.role == Role::server ? Side::downstream : Side::upstream;
    if (now >= ping_sent_ + limits.ping_timeout)
      fail({Fault::timeout, peer, Retry::never, "the connection is dead"});
    return;
  }
  if (now < last_received_ + limits.ping_interval) return;
  ping_pending_ = true;
  ping_sent_ = now;
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  schedule_flush();
}

MonoTime Http2Session::next_deadline() const {
  if (lingering_) return linger_until_;
  if (terminating_) return io::kNoDeadline;  // what is left is to write, which has a deadline of its own
  const auto& limits = options_.limits;
  MonoTime next = io::kNoDeadline;
  const auto at = [&next](MonoTime time) { next = std::min(next, time); };
  if (!settings_received_) at(started_ + options_.header_timeout);
  if (!settings_acked_) at(started_ + limits.settings_timeout);
  if (block_open_) at(block_started_ + options_.header_timeout);
  if (drain_ == Drain::announced) at(drain_started_ + kDrainNotice);
  if (open_streams_ == 0) {
    at(idle_since_ + options_.idle_timeout);
  } else if (limits.ping_interval.count() != 0) {
    at(ping_pending_ ? ping_sent_ + limits.ping_timeout : last_received_ + limits.ping_interval);
  }
  return next;
}

/// A timer that is armed too early looks again: moving deadlines cost nothing.
void Http2Session::arm_timer() {
  const MonoTime next = next_deadline();
  if (over_ || next >= armed_until_) return;
  armed_until_ = next;
  loop_.timers().arm(*this, next);
}

// ---- ending

void Http2Session::shut_down() {
  if (over_ || terminating_ || lingering_ || drain_ != Drain::no) return;
  drain_ = Drain::announced;
  drain_started_ = loop_.now();
  nghttp2_submit_shutdown_notice(session_);
  schedule_flush();
  arm_timer();
}

void Http2Session::finish_drain() {
  drain_ = Drain::final;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
  schedule_flush();
}

void Http2Session::terminate(Http2Code code) {
  if (over_ || terminating_ || lingering_) return;
  terminating_ = true;
  nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(code));
  close_channels(closed_error(Http2Code::cancel));
  schedule_flush();
}

void Http2Session::abort() {
  if (over_) return;
  socket_.reset_on_close();
  fail(closed_error(Http2Code::cancel));
}

bool Http2Session::close() {
  fail(closed_error(Http2Code::no_error));
  end_hook_.unlink();
  return !writing_;
}

void Http2Session::check_floods() {
  if (guard_.is_flooded()) terminate(Http2Code::enhance_your_calm);
}

/// The connection is gone, or not worth another word. Who waits on a stream wakes later.
void Http2Session::fail(const Error& why) {
  if (over_) return;
  over_ = true;
  close_channels(why);
  heads_received_.clear();
  io::Waiter::unlink();
  io::Timer::cancel();
  flush_hook_.unlink();
  out_.clear();
  out_size_ = 0;
  socket_.set_read_waiter(nullptr);
  socket_.close();
  if (!writing_) loop_.make_ready(end_hook_, io::Wake::ready);
}

}  // namespace gatehouse::proxy
