// SPDX-License-Identifier: Apache-2.0
// A non-blocking stream socket with sticky ready flags: direct reads and writes, waits that end.
#pragma once

#include <sys/uio.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "base/io/event_loop.h"
#include "base/io/transport_layer.h"
#include "base/io/waiter.h"
#include "base/ip.h"
#include "base/result.h"

namespace gatehouse::io {

/// Wakes at most a few waits early: the other side of an exchange went away, or its owner is done.
/// Sticky until reset(). Thread: the loop's. Waits unlink themselves, so destruction order is free.
class CancelSource {
 public:
  explicit CancelSource(EventLoop& loop) : loop_(loop) {}
  CancelSource(const CancelSource&) = delete;
  CancelSource& operator=(const CancelSource&) = delete;

  bool fired() const { return fired_; }
  void fire();
  void reset() { fired_ = false; }

 private:
  friend class CancellableWait;
  EventLoop& loop_;
  class CancellableWait* waits_ = nullptr;  // singly used list head; at most a few
  bool fired_ = false;
};

/// What a CancelSource can end: base of the waits that take one.
class CancellableWait : protected Waiter {
 protected:
  explicit CancellableWait(Run on_run) : Waiter(on_run) {}
  void join(CancelSource* source) {
    if (!source) return;
    next_ = source->waits_;
    source->waits_ = this;
  }
  void leave(CancelSource* source) {
    if (!source) return;
    CancellableWait** at = &source->waits_;
    while (*at && *at != this) at = &(*at)->next_;
    if (*at) *at = next_;
  }

 private:
  friend class CancelSource;
  CancellableWait* next_ = nullptr;
};

/// What a Wait is for.
enum class Direction : std::uint8_t { read, write };

/// Owns a descriptor, registered once with its loop. At most one wait per direction at a time. With a
/// transport layer, reads, writes, flags and waits are about the layer's bytes, not the descriptor's.
/// Thread: the loop's. close() ends pending waits with Wake::cancelled.
class Socket final : public EventSink {
 public:
  explicit Socket(EventLoop& loop) : loop_(&loop) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(); }

  /// Takes ownership of `fd` and registers it; closes it and returns false when the system refuses.
  bool open(int fd);
  void close();
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  EventLoop& loop() const { return *loop_; }

  /// From now on all bytes go through `layer`, which works on our descriptor; after open().
  void set_transport(std::unique_ptr<TransportLayer> layer);
  TransportLayer* transport() const { return layer_.get(); }
  /// Both together hand a connection to another Socket. Nobody may be waiting; take the layer first.
  std::unique_ptr<TransportLayer> take_transport() { return std::move(layer_); }
  int release_fd();

  Transfer read(std::span<char> into);
  Transfer write(std::span<const iovec> parts);
  /// What has come in, left where it is. would_block when that is no more than the `known` bytes.
  Transfer peek(std::span<char> into, std::size_t known);
  /// From the descriptor into an empty pipe, and from a pipe to the descriptor, without a copy (splice(2)).
  /// Not with a transport layer.
  Transfer splice_to(int pipe, std::size_t most);
  Transfer splice_from(int pipe, std::size_t size);
  /// FIN: nothing more will be written.
  void shutdown_write();
  /// The next close() sends RST instead of FIN, so a peer cannot take an aborted message for a complete one.
  void reset_on_close();

  bool is_ready(Direction direction) const {
    return flags_ & (direction == Direction::read ? kReadable | kBroken : kWritable | kBroken);
  }
  /// A read would find bytes, the end or an error. Exact where is_ready() may be one look ahead: on a layer,
  /// whose own messages are no input.
  bool has_input();
  /// Asks the system: bytes that nobody has read are here, whatever the flags say.
  bool has_unread_bytes();
  /// The peer sent FIN (bytes may still be unread) or the connection broke.
  bool peer_closed() const { return flags_ & (kPeerClosed | kBroken); }
  bool is_broken() const { return flags_ & kBroken; }
  int take_error();  ///< SO_ERROR

  /// Fired on FIN when `on_fin` is set, and always when the connection breaks. Null: nobody.
  void set_hangup_target(CancelSource* target, bool on_fin) {
    hangup_ = target;
    hangup_on_fin_ = on_fin;
  }
  /// A waiter made ready once when the socket becomes readable or ends; for idle connections without a
  /// coroutine.
  void set_read_waiter(Waiter* waiter) { read_waiter_ = waiter; }

  void on_events(std::uint32_t events) override;

 private:
  friend class Wait;
  enum Flag : std::uint8_t { kReadable = 1, kWritable = 2, kPeerClosed = 4, kBroken = 8, kAbrupt = 16 };

  std::uint32_t events_through_layer(std::uint32_t events);
  Transfer read_through_layer(std::span<char> into);
  Transfer write_through_layer(std::span<const iovec> parts);
  void adopt_layer_state(Transfer::State state);
  Transfer blocked_or_failed(Flag flag);
  void set_flag(Flag flag, bool on) {
    flags_ = static_cast<std::uint8_t>(on ? flags_ | flag : flags_ & ~flag);
  }

  EventLoop* loop_;
  std::unique_ptr<TransportLayer> layer_;
  Waiter* read_waiter_ = nullptr;
  Waiter* write_waiter_ = nullptr;
  CancelSource* hangup_ = nullptr;
  int fd_ = -1;
  std::uint8_t flags_ = 0;
  bool hangup_on_fin_ = false;
};

/// `co_await Wait(socket, Direction::read, deadline, &cancel)` -> Wake. Ready at once when the flag is set.
/// Wake order when several hold: cancelled, ready, timeout.
class Wait : private CancellableWait, private Timer {
 public:
  Wait(Socket& socket, Direction direction, MonoTime deadline, CancelSource* cancel)
      : CancellableWait(&Wait::resume),
        Timer(&Wait::expire),
        loop_(socket.loop()),
        socket_(&socket),
        direction_(direction),
        deadline_(deadline),
        cancel_(cancel) {}
  ~Wait() { leave(); }

  bool await_ready() {
    if (cancel_ && cancel_->fired()) {
      result_ = Wake::cancelled;
      return true;
    }
    return socket_->is_ready(direction_) || !socket_->is_open();
  }
  void await_suspend(std::coroutine_handle<> handle);
  Wake await_resume() const { return result_; }

 private:
  static void resume(Waiter& self);
  static void expire(Timer& self);
  void leave();
  Waiter*& slot() const {
    return direction_ == Direction::read ? socket_->read_waiter_ : socket_->write_waiter_;
  }

  EventLoop& loop_;
  Socket* socket_;
  Direction direction_;
  Wake result_ = Wake::ready;
  bool waiting_ = false;
  MonoTime deadline_;
  CancelSource* cancel_;
  std::coroutine_handle<> handle_;
};

inline constexpr MonoTime kNoDeadline = MonoTime::max();

/// A non-blocking TCP socket connecting to `to` with TCP_NODELAY; the caller waits for Direction::write and
/// then asks take_error(). -1 with errno when the system refuses at once.
int start_connect(const SocketAddress& to);

}  // namespace gatehouse::io
