// SPDX-License-Identifier: Apache-2.0
// What may sit between a Socket and its users: bytes that are not the descriptor's own, such as TLS.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace gatehouse::io {

/// Outcome of one direct read or write.
struct Transfer {
  enum class State : std::uint8_t { done, would_block, end, failed };
  State state = State::done;
  std::size_t bytes = 0;
  int error = 0;  ///< errno when failed
};

/// What has come in, seen without taking it.
enum class Input : std::uint8_t { none, bytes, end };

/// How a connection is given up: with the protocol's own goodbye, or so that nobody takes it for complete.
enum class Ending : std::uint8_t { orderly, abrupt };

/// Owned by its Socket, which calls nothing of it after close(). Works on the same descriptor all its life,
/// even when that goes from one Socket to another. Never blocks. Thread: the loop's. A write that would block
/// must be repeated with the same bytes in front; more may follow them.
class TransportLayer {
 public:
  virtual ~TransportLayer() = default;

  virtual Transfer read(std::span<char> into) = 0;
  virtual Transfer write(std::span<const iovec> parts) = 0;
  /// Works off what has come in as far as it needs no user.
  virtual Input look() = 0;
  /// Takes epoll's `events` of the descriptor and returns what they mean to the user: a read may have waited
  /// for room to write, and the other way round.
  virtual std::uint32_t on_events(std::uint32_t events) = 0;
  /// The protocol's end, then FIN.
  virtual void shutdown_write() = 0;
  /// The descriptor is closed next.
  virtual void close(Ending ending) = 0;

  /// After each call: whether a further one may find something. False only if an event will say otherwise.
  bool can_read() const { return can_read_; }
  bool can_write() const { return can_write_; }

 protected:
  bool can_read_ = true;
  bool can_write_ = true;
};

}  // namespace gatehouse::io
