// SPDX-License-Identifier: Apache-2.0
// Something that may happen again and again on one loop; coroutines wait for the next time.
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

  /// Wakes all who wait, the last to come first.
  inline void raise();
  EventLoop& loop() const { return loop_; }

 private:
  friend class SignalWait;
  EventLoop& loop_;
  class SignalWait* waits_ = nullptr;  // singly used list head; nearly always one
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
    next_on_signal_ = signal_.waits_;
    signal_.waits_ = this;
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
    SignalWait** at = &signal_.waits_;
    while (*at && *at != this) at = &(*at)->next_on_signal_;
    if (*at) *at = next_on_signal_;
    Timer::cancel();
    leave(cancel_);
  }

  friend class Signal;
  Signal& signal_;
  SignalWait* next_on_signal_ = nullptr;
  Wake result_ = Wake::ready;
  bool waiting_ = false;
  MonoTime deadline_;
  CancelSource* cancel_;
  std::coroutine_handle<> handle_;
};

inline void Signal::raise() {
  for (SignalWait* wait = std::exchange(waits_, nullptr); wait; wait = wait->next_on_signal_)
    loop_.make_ready(*wait, Wake::ready);
}

}  // namespace gatehouse::io
