// SPDX-License-Identifier: Apache-2.0
// HTTP/1 over one socket, either side: reads heads and bodies, writes them, knows when a message is complete.
#pragma once

#include <optional>
#include <string_view>

#include "base/arena.h"
#include "base/io/buffer_pool.h"
#include "base/io/socket.h"
#include "proxy/http/chunked_decoder.h"
#include "proxy/http/head_scanner.h"
#include "proxy/send_parts.h"
#include "proxy/stream.h"

namespace gatehouse::proxy {

/// Owned by the one who serves the socket; holds a buffer only while bytes are in flight. Thread: the
/// socket's. Reading: expect_head, poll_head, begin_body, then read_body/consume_body until the end; then the
/// next head, whose first bytes may be here already. Writing is independent of reading.
class Http1Channel {
 public:
  /// `side` is the one that errors are blamed on: who is at the other end of the socket.
  Http1Channel(io::Socket& socket, io::BufferPool& buffers, Side side)
      : socket_(socket), buffers_(buffers), side_(side) {}

  // --- reading
  /// Begins to wait for the next message; what is here of it already is kept.
  void expect_head();
  /// The bytes of one complete head, valid until release_head() or expect_head(); empty when more must be
  /// waited for (the socket's ready flag is cleared then). Blank lines in front are skipped when `skip` says
  /// so (F14). Errors: closed, reset, bad_request, too_large.
  enum class BlankLines : std::uint8_t { skip, keep };
  Result<std::string_view> poll_head(std::size_t max_bytes, BlankLines blank);
  /// Bytes of a head that is not complete yet: distinguishes an idle close from a truncated request.
  bool has_bytes() const { return !current().empty(); }
  /// Everything that was read and not consumed, a head that is here included.
  std::string_view unread() const { return current().view(); }

  /// Decides how the bytes behind the head are read. `arena` outlives the body.
  void begin_body(http::Framing framing, const http::ChunkedRules& rules, Arena& arena);
  Chunk buffered_body();
  Task<Result<Chunk>> read_body(WaitLimits limits);
  void consume_body(std::size_t size);
  const http::HeaderList& trailers() const;
  /// The body was read to its end and nothing is left over between it and the next message.
  bool body_ended() const { return body_ended_; }
  /// Refused while decoding the body; else null.
  const http::Rejection* body_rejection() const;
  std::uint64_t body_bytes() const { return body_bytes_; }

  /// The head's views are not needed any more: its buffer may take the body.
  void release_head() { head_pinned_ = false; }
  /// Gives buffers without content back to the pool; for idle connections.
  void release_buffers();

  /// What a wait on the socket that did not end with Wake::ready means.
  Error wake_error(io::Wake wake) const;

  // --- writing
  /// Head and first chunk in one writev. `framing` says how the body that starts here is delimited.
  Task<Result<void>> send_message(std::string_view head, http::Framing framing, Chunk first,
                                  WaitLimits limits);
  Task<Result<void>> send_body(Chunk chunk, const http::HeaderList* trailers, Arena& arena,
                               WaitLimits limits);
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  /// The last message was sent to its end, as its framing promised.
  bool message_sent() const { return sent_end_; }

  /// Both directions carry plain bytes from here on; an ended send is a FIN.
  void start_tunnel();

  io::Socket& socket() { return socket_; }

 private:
  const io::Buffer& current() const { return body_ ? body_ : head_; }
  io::Buffer& current() { return body_ ? body_ : head_; }
  Result<std::size_t> fill(io::Buffer& buffer);
  bool make_room_for_head(std::size_t max_bytes);
  enum class Sending : std::uint8_t { done, pending, broken };
  Task<Result<void>> send(SendParts& parts, WaitLimits limits);
  Sending send_once(SendParts& parts);
  Task<Result<void>> send_at_turn_end(SendParts parts, WaitLimits limits);
  Task<Result<void>> send_rest(SendParts parts, WaitLimits limits);
  void end_of_send();
  Error error(Fault fault, Retry retry, std::string_view detail) const {
    return {fault, side_, retry, detail};
  }
  io::Buffer& buffer_for_body();
  void decode();
  Chunk chunked_body();

  io::Socket& socket_;
  io::BufferPool& buffers_;
  Side side_;

  io::Buffer head_;
  io::Buffer body_;  ///< holds body bytes while `head_` is pinned by views
  http::HeadScanner scanner_;
  http::Framing reading_;
  std::optional<http::ChunkedDecoder> decoder_;
  http::ChunkedDecoder::Step step_;       ///< decoded, not consumed yet
  http::ChunkedDecoder::Step lookahead_;  ///< what follows it, to see the end together with the last bytes
  std::uint64_t remaining_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool head_pinned_ = false;
  bool body_ended_ = true;
  bool has_step_ = false;
  bool has_lookahead_ = false;

  http::Framing writing_;
  std::uint64_t to_send_ = 0;  ///< left of a Content-Length
  std::uint64_t bytes_sent_ = 0;
  bool sent_end_ = true;
  bool tunnel_ = false;
};

}  // namespace gatehouse::proxy
