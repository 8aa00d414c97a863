// SPDX-License-Identifier: Apache-2.0
// Something that may happen again and again on one loop; one coroutine at a time waits for the next time.
#pragma once

#include <coroutine>
#include <utility>

#include "base/io/event_loop.h"
#include "base/io/socket.h"

namespace gatehouse::io {

/// Remembers nothing: whoever waits looks at its own condition before and after. Thread: the loop's.
/// raise() wakes in a later step of the loop, never from within.
class Signal {
 public:
  explicit Signal(EventLoop& loop) : loop_(loop) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void raise() {
    if (waiter_) loop_.make_ready(*std::exchange(waiter_, nullptr), Wake::ready);
  }
  bool has_waiter() const { return waiter_ != nullptr; }
  EventLoop& loop() const { return loop_; }

 private:
  friend class SignalWait;
  EventLoop& loop_;
  Waiter* waiter_ = nullptr;
};

/// `co_await SignalWait(signal, deadline, &cancel)` -> Wake. Wake order when several hold: cancelled, ready,
/// timeout. The signal outlives the wait.
class SignalWait : private CancellableWait, private Timer {
 public:
  SignalWait(Signal& signal, MonoTime deadline, CancelSource* cancel)
      : CancellableWait(&SignalWait::resume),
        Timer(&SignalWait::expire),
        signal_(signal),
        deadline_(deadline),
        cancel_(cancel) {}
  ~SignalWait() { leave_all(); }

  bool await_ready() {
    if (!cancel_ || !cancel_->fired()) return false;
    result_ = Wake::cancelled;
    return true;
  }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    waiting_ = true;
    signal_.waiter_ = this;
    if (deadline_ != kNoDeadline) signal_.loop_.timers().arm(*this, deadline_);
    join(cancel_);
  }
  Wake await_resume() const { return result_; }

 private:
  static void resume(Waiter& waiter) {
    auto& self = static_cast<SignalWait&>(waiter);
    self.result_ = self.cancel_ && self.cancel_->fired() ? Wake::cancelled : self.wake;
    self.leave_all();
    self.handle_.resume();
  }
  static void expire(Timer& timer) {
    auto& self = static_cast<SignalWait&>(timer);
    // Already on its way for a better reason: that one counts.
    if (!self.linked()) self.signal_.loop_.make_ready(self, Wake::timeout);
  }
  void leave_all() {
    if (!waiting_) return;
    waiting_ = false;
    if (signal_.waiter_ == this) signal_.waiter_ = nullptr;
    Timer::cancel();
    leave(cancel_);
  }

  Signal& signal_;
  Wake result_ = Wake::ready;
  bool waiting_ = false;
  MonoTime deadline_;
  CancelSource* cancel_;
  std::coroutine_handle<> handle_;
};

}  // namespace gatehouse::io
