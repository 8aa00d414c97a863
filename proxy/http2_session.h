// SPDX-License-Identifier: Apache-2.0
// HTTP/2 over one socket, either side: nghttp2's session, its bytes, its deadlines and its defences.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/io/buffer_pool.h"
#include "base/io/socket.h"
#include "config/ir/listener.h"
#include "proxy/http2_channel.h"
#include "proxy/http2_flood_guard.h"

struct nghttp2_session;

namespace gatehouse::proxy {

/// Who owns a session and its streams. Thread: the session's.
class Http2Host {
 public:
  /// The peer begins a stream; null refuses it. Inside a callback: may do no more than begin a channel.
  virtual Http2Channel* accept_stream() = 0;
  /// The peer's head is complete. Not inside a callback.
  virtual void head_received(Http2Channel& channel) = 0;
  /// The channel is not attached any more; not called after its own detach(). Inside a callback.
  virtual void stream_closed(Http2Channel& channel) = 0;
  /// SETTINGS or GOAWAY came, a stream has gone: more or fewer may be opened. Not inside a callback.
  virtual void capacity_changed() = 0;
  /// Once; nothing of the session runs any more, and it may be destroyed.
  virtual void session_ended() = 0;

 protected:
  ~Http2Host() = default;
};

/// Owned by its host, which keeps it until session_ended(). Reads when the socket is readable, hands bytes
/// to nghttp2, then lets tasks continue; all frames of a turn of the loop leave in one write at its end.
/// Holds no buffer while nothing is under way. Every state has a deadline. Thread: the socket's.
class Http2Session final : private io::Waiter, private io::Timer {
 public:
  enum class Role : std::uint8_t { server, client };
  struct Options {
    Role role = Role::server;
    ir::Http2Limits limits;
    std::uint32_t max_header_list = 64 * 1024;
    std::chrono::milliseconds header_timeout{10'000};  ///< for the preface, and for each header block
    std::chrono::milliseconds idle_timeout{75'000};    ///< without streams
    std::chrono::milliseconds send_timeout{60'000};    ///< without progress in writing
  };
  Http2Session(io::EventLoop& loop, io::BufferPool& buffers, Http2Host& host, const Options& options);
  ~Http2Session();

  io::Socket& socket() { return socket_; }
  /// The socket is open. `received` was read from it before. False: nothing was begun.
  bool start(std::string_view received = {});

  // --- streams
  /// A client's request, its head given as fields with pseudo-header fields first. False when the session
  /// takes no more.
  bool submit_request(Http2Channel& channel, std::span<const HeaderField> head, Http2Body body);
  bool submit_response(Http2Channel& channel, std::span<const HeaderField> head, Http2Body body);
  bool submit_interim(Http2Channel& channel, std::span<const HeaderField> head);

  bool is_over() const { return over_; }
  /// Of the client role: another request may be submitted now.
  bool may_open_stream() const;
  /// How many streams both sides allow.
  std::uint32_t stream_limit() const;
  std::uint32_t open_streams() const { return open_streams_; }
  std::uint32_t streams_begun() const { return streams_begun_; }
  bool peer_allows_extended_connect() const;
  bool peer_said_settings() const { return settings_received_; }

  // --- ending
  /// No further streams: GOAWAY in two steps (P15); ends when those that are here have ended.
  void shut_down();
  /// GOAWAY with `code`, then the end.
  void terminate(Http2Code code);
  /// Breaks the connection now.
  void abort();
  /// Closes it without a word. True: session_ended() will not be called, and it may be destroyed at once.
  bool close();

 private:
  friend class Http2Channel;
  friend struct Http2Callbacks;
  struct Hook : io::Waiter {
    Hook(Run on_run, Http2Session& of) : io::Waiter(on_run), session(of) {}
    Http2Session& session;
  };
  enum class Drain : std::uint8_t { no, announced, final };

  // for channels
  void forget(Http2Channel& channel, Http2Code code);
  void reset(Http2Channel& channel, Http2Code code);
  void resume(Http2Channel& channel);
  void credit(Http2Channel& channel, std::size_t size);

  bool create();
  void attach(Http2Channel& channel, std::int32_t id);
  void unlink(Http2Channel& channel);
  /// A stream is gone from nghttp2, or never came to be.
  void stream_gone(Http2Channel* channel, Http2Code code);
  Http2Channel* find_channel(std::int32_t id) const;
  void note_begun(std::int32_t id);
  bool was_skipped(std::int32_t id) const;
  void close_channels(const Error& why);
  Error closed_error(Http2Code code) const;

  // reading
  static void on_readable(io::Waiter& self);
  void read_some();
  enum class Input : std::uint8_t { more, drained, ended };
  Input read_once(io::Buffer& buffer);
  void receive(std::string_view bytes);
  void after_receive();
  void listen();

  // writing
  void pump();
  void append(std::string_view bytes);
  bool is_full() const;
  void schedule_flush();
  void flush();
  enum class Sending : std::uint8_t { done, pending, broken };
  Sending write_once();
  io::Task<> write_rest();
  void settle();

  // time
  static void on_timer(io::Timer& self);
  void check_time();
  MonoTime next_deadline() const;
  void arm_timer();
  void check_floods();
  void check_silence(MonoTime now);

  void finish_drain();
  void say_goodbye(Http2Code code);
  void fail(const Error& why);
  Error broken_error() const;

  io::EventLoop& loop_;
  io::BufferPool& buffers_;
  Http2Host& host_;
  Options options_;
  io::Socket socket_;
  nghttp2_session* session_ = nullptr;
  Http2FloodGuard guard_;
  Hook flush_hook_;
  Hook end_hook_;

  Http2Channel* channels_ = nullptr;           ///< attached ones, intrusive list
  std::vector<Http2Channel*> heads_received_;  ///< to be told of after the callbacks
  std::vector<io::Buffer> out_;
  std::size_t out_size_ = 0;

  /// A client's stream ids that were passed over: they are closed without ever having been open.
  struct Skipped {
    std::int32_t first = 0;
    std::int32_t last = 0;
  };
  std::array<Skipped, 8> skipped_{};
  std::size_t next_skipped_ = 0;
  std::int32_t last_begun_ = -1;
  std::uint32_t open_streams_ = 0;
  std::uint32_t streams_begun_ = 0;
  MonoTime idle_since_{};
  MonoTime last_received_{};
  MonoTime ping_sent_{};
  MonoTime started_{};
  MonoTime block_started_{};
  MonoTime drain_started_{};
  MonoTime linger_until_{};
  MonoTime armed_until_ = io::kNoDeadline;
  bool settings_received_ = false;
  bool settings_acked_ = false;
  bool ping_pending_ = false;
  bool block_open_ = false;
  bool capacity_changed_ = false;
  bool goaway_received_ = false;
  bool terminating_ = false;
  bool lingering_ = false;
  bool rule_broken_ = false;  ///< by a frame that nghttp2 would ignore
  bool given_up_ = false;     ///< nghttp2 takes nothing more
  bool broken_ = false;
  bool writing_ = false;
  bool flush_scheduled_ = false;
  bool over_ = false;
  Drain drain_ = Drain::no;
  std::size_t dropped_ = 0;
};

}  // namespace gatehouse::proxy
