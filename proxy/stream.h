// SPDX-License-Identifier: Apache-2.0
// The protocol-neutral stream: one request and its response as the exchange sees them, whatever carries them.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/arena.h"
#include "base/io/socket.h"
#include "base/io/task.h"
#include "base/result.h"
#include "proxy/http/message.h"

namespace gatehouse::proxy {

using io::Task;

/// Every wait has a deadline; `cancel` (may be null) ends it early with Fault::cancelled.
struct WaitLimits {
  MonoTime deadline = io::kNoDeadline;
  io::CancelSource* cancel = nullptr;
};

/// Body bytes and whether the message ends behind them. Valid until consume_body().
struct Chunk {
  std::string_view data;
  bool end = false;
};

/// The receiving half. Bytes are pulled: what is not read stays in the peer's window, which is all the
/// backpressure there is. At most one read at a time.
class BodySource {
 public:
  /// What can be had without waiting; empty and not ended when nothing is there.
  virtual Chunk buffered_body() = 0;
  /// At least one byte or the end.
  virtual Task<Result<Chunk>> read_body(WaitLimits limits) = 0;
  /// Lets go of the first `size` bytes of the last chunk; this alone returns credit to the peer.
  virtual void consume_body(std::size_t size) = 0;
  /// Complete once the end was seen.
  virtual const http::HeaderList& trailers() const = 0;

 protected:
  ~BodySource() = default;
};

/// The sending half. At most one send at a time.
class BodySink {
 public:
  /// `trailers` go out with the end, where the protocol and the message allow them; may be null.
  virtual Task<Result<void>> send_body(Chunk chunk, const http::HeaderList* trailers, WaitLimits limits) = 0;

 protected:
  ~BodySink() = default;
};

/// From the client's side: the request comes in, the response goes out. Ends with its exchange.
class DownstreamStream : public BodySource, public BodySink {
 public:
  /// Sends a head (also 1xx) together with what is at hand of the body. `head.framing` says how the body
  /// ends; the stream adds what its protocol needs and takes away what it cannot carry.
  virtual Task<Result<void>> send_head(http::ResponseHead& head, Chunk first, WaitLimits limits) = 0;
  /// Ends the stream so that the client cannot take the response for complete.
  virtual void reset(const Error& why) = 0;
  /// After a 101: bytes flow both ways as they are.
  virtual void start_tunnel() = 0;
  /// Fired when the client has gone away (B5, B15).
  virtual io::CancelSource& peer_gone() = 0;

 protected:
  ~DownstreamStream() = default;
};

class Http1Client;

/// From the backend's side: the request goes out, the response comes in. Either a connection that carries one
/// exchange after another, or one stream among several of a connection; whoever leased it ends it.
class UpstreamStream : public BodySource, public BodySink {
 public:
  virtual ~UpstreamStream() = default;
  /// `arena` takes what is built for this exchange, and outlives it.
  virtual void begin_exchange(Arena& arena) = 0;
  /// The connection has carried exchanges before: it may have been closed while nobody looked (B2).
  virtual bool is_reused() const = 0;
  /// The HTTP/1 connection that this stream is; null for a stream that shares its connection.
  virtual Http1Client* as_http1() { return nullptr; }
  /// Sends the request, its fields already edited and without hop-by-hop ones, with what is at hand of the
  /// body.
  virtual Task<Result<void>> send_head(const http::RequestHead& head, Chunk first, WaitLimits limits) = 0;
  /// The next head, interim ones included, checked (B6) and with its framing set. An accepted upgrade is a
  /// 101 whatever the protocol makes of it.
  virtual Task<Result<void>> read_head(http::ResponseHead& head, http::Method method, bool upgrade_asked,
                                       WaitLimits limits) = 0;
  virtual void start_tunnel() = 0;
  /// Not one byte of the response has come.
  virtual bool nothing_received() const = 0;
  /// The views of the last head are not needed any more.
  virtual void release_head() = 0;
};

}  // namespace gatehouse::proxy
