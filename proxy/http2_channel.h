// SPDX-License-Identifier: Apache-2.0
// One HTTP/2 stream of a session, either side: what has come and was not taken yet, and what is to be sent.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/io/buffer_pool.h"
#include "base/io/signal.h"
#include "proxy/stream.h"

namespace gatehouse::proxy {

class Http2Session;

/// RFC 9113 7.
enum class Http2Code : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  settings_timeout = 4,
  stream_closed = 5,
  frame_size_error = 6,
  refused_stream = 7,
  cancel = 8,
  compression_error = 9,
  connect_error = 10,
  enhance_your_calm = 11,
  inadequate_security = 12,
  http_1_1_required = 13,
};

/// Whether DATA follows a head.
enum class Http2Body : std::uint8_t { none, follows };

/// Owned by the stream of the exchange; the session knows it while it is attached. The session's callbacks
/// only append to it and raise its signals; whoever waits continues in a later step of the loop. Bodies that
/// wait to be taken are bounded by the stream's window, what is sent is a view of the sender's bytes.
/// Thread: the session's.
class Http2Channel {
 public:
  /// `peer` is who errors are blamed on.
  Http2Channel(io::EventLoop& loop, io::BufferPool& buffers, Side peer)
      : buffers_(buffers), peer_(peer), arrived_(loop), sent_(loop) {}
  Http2Channel(const Http2Channel&) = delete;
  Http2Channel& operator=(const Http2Channel&) = delete;
  ~Http2Channel() { detach(); }

  /// What is received is built in `arena`, until detach(). The next stream of a reused object begins here.
  void begin(Arena& arena);
  /// The session forgets it; a stream that is still open is reset with `code`.
  void detach(Http2Code code = Http2Code::cancel);
  void reset(Http2Code code);

  std::int32_t id() const { return id_; }
  bool is_open() const { return session_ != nullptr; }
  bool received_end() const { return received_end_; }
  bool sent_end() const { return sent_end_; }
  bool received_anything() const { return received_anything_; }
  /// Of a stream that has ended.
  Http2Code close_code() const { return close_code_; }

  // --- receiving: header blocks in the order they came, pseudo-header fields first
  /// The next complete block that is not trailers; empty when none is here.
  std::span<const HeaderField> next_head();
  /// The last head was larger than allowed; what is over the limit was not kept.
  bool head_is_too_large() const { return next_block_ > 0 && blocks_[next_block_ - 1].too_large; }
  /// A head, or the end of the stream. Returns at once when next_head() would have one.
  Task<Result<void>> wait_for_head(WaitLimits limits);

  Chunk buffered_body() const;
  Task<Result<Chunk>> read_body(WaitLimits limits);
  void consume_body(std::size_t size);
  const http::HeaderList& trailers() const { return trailers_; }

  // --- sending
  /// A head, pseudo-header fields first; false when the session refuses. The stream is open.
  bool submit_response(std::span<const HeaderField> head, Http2Body body);
  bool submit_interim(std::span<const HeaderField> head);
  /// After the head.
  Task<Result<void>> send_body(Chunk chunk, const http::HeaderList* trailers, WaitLimits limits);

 private:
  friend class Http2Session;
  friend struct Http2Callbacks;
  struct Block {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    bool too_large = false;
  };

  // callbacks of the session
  void begin_block();
  void add_field(std::string_view name, std::string_view value, std::uint32_t most_bytes);
  void end_block();
  void append(std::string_view data);
  void end_received();
  void closed(const Error& why, Http2Code code);

  bool has_head() const { return next_block_ < blocks_.size(); }
  Task<Result<void>> wait_until_sent(WaitLimits limits);
  Result<void> give_up_sending(io::Wake wake);
  Error wake_error(io::Wake wake) const;

  io::BufferPool& buffers_;
  Side peer_;
  Http2Session* session_ = nullptr;
  Arena* arena_ = nullptr;
  std::int32_t id_ = 0;

  io::Signal arrived_;
  http::HeaderList fields_;  ///< of all blocks but trailers
  http::HeaderList trailers_;
  std::vector<Block> blocks_;  ///< complete ones
  std::size_t next_block_ = 0;
  std::uint32_t block_start_ = 0;
  std::uint32_t block_bytes_ = 0;
  bool head_complete_ = false;  ///< the request's or the final response's: what follows are trailers
  bool block_is_trailers_ = false;
  bool block_too_large_ = false;
  std::vector<io::Buffer> body_;
  std::size_t body_front_ = 0;
  bool received_end_ = false;
  bool received_anything_ = false;

  io::Signal sent_;
  std::string_view to_send_;
  const http::HeaderList* trailers_to_send_ = nullptr;
  bool end_to_send_ = false;  ///< the message ends behind to_send_
  bool sending_ = false;      ///< to_send_ is not framed to its end yet
  bool sent_end_ = false;

  Error error_;
  Http2Code close_code_ = Http2Code::no_error;
  Http2Channel* older_ = nullptr;  ///< the session's list
  Http2Channel* newer_ = nullptr;
};

}  // namespace gatehouse::proxy
