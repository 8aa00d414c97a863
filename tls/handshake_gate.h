// SPDX-License-Identifier: Apache-2.0
// Lets one handshake at a time do its private-key operation, so that a flood of them cannot stall a worker.
#pragma once

#include <coroutine>
#include <cstdint>

#include "base/io/event_loop.h"
#include "base/io/socket.h"

namespace gatehouse::tls {

/// One per worker. At most one turn is given per turn of the loop; all other events of the loop come between
/// two of them. First come, first served. Must outlive its waits. Thread: the loop's.
class HandshakeGate : private io::Waiter {
 public:
  explicit HandshakeGate(io::EventLoop& loop) : Waiter(&HandshakeGate::let_one_in), loop_(loop) {}

  std::size_t waiting() const { return waiting_; }

 private:
  friend class GateWait;
  static void let_one_in(io::Waiter& waiter);
  bool is_free() const { return waiting_ == 0 && last_turn_ != loop_.turns(); }

  io::EventLoop& loop_;
  io::WaiterList queue_;
  std::size_t waiting_ = 0;
  std::uint64_t last_turn_ = UINT64_MAX;
};

/// `co_await GateWait(gate, deadline, &cancel)` -> Wake: with Wake::ready it is one's turn, now.
class GateWait : private io::CancellableWait, private io::Timer {
 public:
  GateWait(HandshakeGate& gate, MonoTime deadline, io::CancelSource* cancel)
      : CancellableWait(&GateWait::resume),
        Timer(&GateWait::expire),
        gate_(gate),
        deadline_(deadline),
        cancel_(cancel) {}
  ~GateWait() { leave_all(); }

  bool await_ready();
  void await_suspend(std::coroutine_handle<> handle);
  io::Wake await_resume() const { return result_; }

 private:
  friend class HandshakeGate;
  static void resume(io::Waiter& waiter);
  static void expire(io::Timer& timer);
  void leave_all();

  HandshakeGate& gate_;
  MonoTime deadline_;
  io::CancelSource* cancel_;
  io::Wake result_ = io::Wake::ready;
  bool waiting_ = false;
  std::coroutine_handle<> handle_;
};

}  // namespace gatehouse::tls
