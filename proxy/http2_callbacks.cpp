// SPDX-License-Identifier: Apache-2.0
// What a session does with nghttp2: creation, callbacks, submitting heads.
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <vector>

#include "proxy/http/chunked_decoder.h"
#include "proxy/http2_fields.h"
#include "proxy/http2_session.h"

namespace gatehouse::proxy {
namespace {

constexpr std::size_t kMostQueuedAcks = 1'000;    // P11
constexpr std::size_t kEarnedByFrame = 2 * 1024;  // a DATA frame may be answered by two WINDOW_UPDATEs
constexpr std::size_t kEarnedByStream = 1024;

std::string_view text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

/// P12: resets that the peer provoked. A refused stream is no mistake: our limit may not have reached it.
bool is_mistake_of_peer(std::uint32_t code) {
  return code != NGHTTP2_NO_ERROR && code != NGHTTP2_CANCEL && code != NGHTTP2_INTERNAL_ERROR &&
         code != NGHTTP2_REFUSED_STREAM;
}

/// P11: costs us more than it carries.
bool is_control_frame(const nghttp2_frame_hd& head) {
  switch (head.type) {
    case NGHTTP2_DATA:
      return head.length == 0 && (head.flags & NGHTTP2_FLAG_END_STREAM) == 0;
    case NGHTTP2_HEADERS:
    case NGHTTP2_CONTINUATION:
    case NGHTTP2_RST_STREAM:
    case NGHTTP2_GOAWAY:
      return false;
    default:
      return true;
  }
}

/// The fields as nghttp2 takes them. Valid until the next call on this thread.
std::span<const nghttp2_nv> as_native(std::span<const HeaderField> fields) {
  thread_local std::vector<nghttp2_nv> native;
  native.clear();
  for (const auto& field : fields) {
    nghttp2_nv pair{};
    // nghttp2 copies both and writes to neither.
    pair.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.name.data()));
    pair.value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.value.data()));
    pair.namelen = field.name.size();
    pair.valuelen = field.value.size();
    native.push_back(pair);
  }
  return native;
}

/// False when there is nothing to send: the message then ends without trailers.
bool submit_trailers(nghttp2_session* session, std::int32_t id, const http::HeaderList& trailers,
                     Arena& arena) {
  http::HeaderList fields;
  for (const auto& field : trailers)
    if (http::may_be_trailer(field)) fields.push_back({lower_case_name(field.name, arena), field.value});
  if (fields.empty()) return false;
  const auto native = as_native(fields);
  return nghttp2_submit_trailer(session, id, native.data(), native.size()) == 0;
}

}  // namespace

/// nghttp2's callbacks: they append to channels and count, nothing else. Every `user` is the Http2Session.
struct Http2Callbacks {
  /// Reads the bytes that a channel has to send.
  static nghttp2_data_provider body_of(Http2Channel& channel);
  static const nghttp2_session_callbacks* table();
  static Http2Channel* channel_of(nghttp2_session* session, std::int32_t id) {
    return static_cast<Http2Channel*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t flags, void* user);
  static int on_invalid_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                               std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                               std::uint8_t flags, void* user);
  static int on_begin_frame(nghttp2_session* session, const nghttp2_frame_hd* head, void* user);
  static int on_data(nghttp2_session* session, std::uint8_t flags, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user);
  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_frame_not_sent(nghttp2_session* session, const nghttp2_frame* frame, int error, void* user);
  static int on_close(nghttp2_session* session, std::int32_t id, std::uint32_t code, void* user);
  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* into, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source* source, void* user);
  static int send_data(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* head,
                       std::size_t size, nghttp2_data_source* source, void* user);
};

const nghttp2_session_callbacks* Http2Callbacks::table() {
  static const nghttp2_session_callbacks* const made = [] {
    nghttp2_session_callbacks* callbacks = nullptr;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) return callbacks;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, &on_invalid_header);
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, &on_begin_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, &on_frame_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, &on_frame_not_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_close);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, &send_data);
    return callbacks;
  }();
  return made;
}

nghttp2_data_provider Http2Callbacks::body_of(Http2Channel& channel) {
  nghttp2_data_provider provider{};
  provider.source.ptr = &channel;
  provider.read_callback = &read_body;
  return provider;
}

int Http2Callbacks::on_begin_headers(nghttp2_session* native, const nghttp2_frame* frame, void* user) {
  auto& session = *static_cast<Http2Session*>(user);
  const std::int32_t id = frame->hd.stream_id;
  session.block_open_ = true;
  session.block_started_ = session.loop_.now();
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
    if (auto* channel = channel_of(native, id)) channel->begin_block();
    return 0;
  }
  ++session.open_streams_;
  ++session.streams_begun_;
  session.note_begun(id);
  session.guard_.body_bytes(kEarnedByStream);
  Http2Channel* channel = session.terminating_ ? nullptr : session.host_.accept_stream();
  if (!channel) {
    nghttp2_submit_rst_stream(native, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  session.attach(*channel, id);
  channel->begin_block();
  return 0;
}

int Http2Callbacks::on_header(nghttp2_session* native, const nghttp2_frame* frame, const std::uint8_t* name,
                              std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                              std::uint8_t, void* user) {
  const auto& options = static_cast<Http2Session*>(user)->options_;
  if (auto* channel = channel_of(native, frame->hd.stream_id))
    channel->add_field(text(name, name_size), text(value, value_size), options.max_header_list);
  return 0;
}

/// P2: nghttp2 alone would drop the field and go on.
int Http2Callbacks::on_invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*,
                                      std::size_t, const std::uint8_t*, std::size_t, std::uint8_t, void*) {
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int Http2Callbacks::on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
  auto& session = *static_cast<Http2Session*>(user);
  if (is_control_frame(*head)) session.guard_.control_frame();
  if (head->type == NGHTTP2_RST_STREAM) session.guard_.reset_received();
  if (head->type == NGHTTP2_HEADERS && session.was_skipped(head->stream_id)) session.rule_broken_ = true;
  return 0;
}

int Http2Callbacks::on_data(nghttp2_session* native, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                            std::size_t size, void* user) {
  auto& session = *static_cast<Http2Session*>(user);
  session.guard_.body_bytes(size);
  // The connection's window is not held up by one stream that nobody reads.
  nghttp2_session_consume_connection(native, size);
  if (auto* channel = channel_of(native, id)) channel->append(text(data, size));
  return 0;
}

int Http2Callbacks::on_frame(nghttp2_session* native, const nghttp2_frame* frame, void* user) {
  auto& session = *static_cast<Http2Session*>(user);
  auto* channel = frame->hd.stream_id == 0 ? nullptr : channel_of(native, frame->hd.stream_id);
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      session.block_open_ = false;
      if (!channel) break;
      channel->end_block();
      if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) channel->end_received();
      if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) session.heads_received_.push_back(channel);
      break;
    case NGHTTP2_DATA:
      if (channel && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) channel->end_received();
      break;
    case NGHTTP2_SETTINGS:
      if (frame->hd.flags & NGHTTP2_FLAG_ACK) {
        session.settings_acked_ = true;
      } else {
        session.settings_received_ = true;
        session.capacity_changed_ = true;
      }
      break;
    case NGHTTP2_PING:
      if (frame->hd.flags & NGHTTP2_FLAG_ACK) session.ping_pending_ = false;
      break;
    case NGHTTP2_GOAWAY:
      session.goaway_received_ = true;
      session.capacity_changed_ = true;
      break;
    default:
      break;
  }
  return 0;
}

int Http2Callbacks::on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  auto& session = *static_cast<Http2Session*>(user);
  if (frame->hd.type == NGHTTP2_DATA) session.guard_.body_bytes(kEarnedByFrame);
  if (frame->hd.type == NGHTTP2_RST_STREAM && is_mistake_of_peer(frame->rst_stream.error_code))
    session.guard_.stream_error();
  return 0;
}

/// A request that may not be opened any more: the peer has said GOAWAY.
int Http2Callbacks::on_frame_not_sent(nghttp2_session* native, const nghttp2_frame* frame, int, void* user) {
  auto& session = *static_cast<Http2Session*>(user);
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  if (nghttp2_session_find_stream(native, frame->hd.stream_id)) return 0;  // on_close follows
  session.stream_gone(session.find_channel(frame->hd.stream_id), Http2Code::refused_stream);
  return 0;
}

int Http2Callbacks::on_close(nghttp2_session* native, std::int32_t id, std::uint32_t code, void* user) {
  static_cast<Http2Session*>(user)->stream_gone(channel_of(native, id), static_cast<Http2Code>(code));
  return 0;
}

ssize_t Http2Callbacks::read_body(nghttp2_session* native, std::int32_t id, std::uint8_t*, std::size_t size,
                                  std::uint32_t* flags, nghttp2_data_source*, void*) {
  auto* channel = channel_of(native, id);
  if (!channel || !channel->sending_) return NGHTTP2_ERR_DEFERRED;
  const std::size_t taken = std::min(size, channel->to_send_.size());
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (taken < channel->to_send_.size() || !channel->end_to_send_) return static_cast<ssize_t>(taken);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (channel->trailers_to_send_ &&
      submit_trailers(native, id, *channel->trailers_to_send_, *channel->arena_))
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  channel->trailers_to_send_ = nullptr;
  return static_cast<ssize_t>(taken);
}

/// The frame goes straight from the sender's bytes to the output.
int Http2Callbacks::send_data(nghttp2_session* native, nghttp2_frame* frame, const std::uint8_t* head,
                              std::size_t size, nghttp2_data_source*, void* user) {
  auto& session = *static_cast<Http2Session*>(user);
  auto* channel = channel_of(native, frame->hd.stream_id);
  // What was promised is not there any more: the sender gave up between the two callbacks.
  if (!channel || channel->to_send_.size() < size) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (session.is_full()) return NGHTTP2_ERR_WOULDBLOCK;
  constexpr std::size_t kFrameHead = 9;
  session.append(text(head, kFrameHead));
  session.append(channel->to_send_.substr(0, size));
  channel->to_send_.remove_prefix(size);
  if (!channel->to_send_.empty()) return 0;
  channel->sending_ = false;
  channel->sent_end_ = channel->end_to_send_;
  channel->sent_.raise();
  return 0;
}

/// False only when memory is exhausted.
bool Http2Session::create() {
  nghttp2_option* option = nullptr;
  if (!Http2Callbacks::table() || nghttp2_option_new(&option) != 0) return false;
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_max_outbound_ack(option, kMostQueuedAcks);
  nghttp2_option_set_max_settings(option, options_.limits.max_settings_entries);
  nghttp2_option_set_max_continuations(option, options_.limits.max_continuations);
  // Ours says ENHANCE_YOUR_CALM; nghttp2's own must not come first.
  nghttp2_option_set_stream_reset_rate_limit(option, std::uint64_t{options_.limits.max_resets} * 2,
                                             options_.limits.max_resets);
  const int failed = options_.role == Role::server
                         ? nghttp2_session_server_new2(&session_, Http2Callbacks::table(), this, option)
                         : nghttp2_session_client_new2(&session_, Http2Callbacks::table(), this, option);
  nghttp2_option_del(option);
  return failed == 0;
}

bool Http2Session::submit_request(Http2Channel& channel, std::span<const HeaderField> head, Http2Body body) {
  if (!may_open_stream()) return false;
  const auto native = as_native(head);
  const auto provider = Http2Callbacks::body_of(channel);
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, native.data(), native.size(),
                                                 body == Http2Body::follows ? &provider : nullptr, &channel);
  if (id < 0) return false;
  attach(channel, id);
  ++open_streams_;
  ++streams_begun_;
  channel.sent_end_ = body == Http2Body::none;
  schedule_flush();
  return true;
}

bool Http2Session::submit_response(Http2Channel& channel, std::span<const HeaderField> head, Http2Body body) {
  const auto native = as_native(head);
  const auto provider = Http2Callbacks::body_of(channel);
  if (nghttp2_submit_response(session_, channel.id_, native.data(), native.size(),
                              body == Http2Body::follows ? &provider : nullptr) != 0)
    return false;
  channel.sent_end_ = body == Http2Body::none;
  schedule_flush();
  return true;
}

bool Http2Session::submit_interim(Http2Channel& channel, std::span<const HeaderField> head) {
  const auto native = as_native(head);
  if (nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, channel.id_, nullptr, native.data(), native.size(),
                             nullptr) < 0)
    return false;
  schedule_flush();
  return true;
}

}  // namespace gatehouse::proxy
