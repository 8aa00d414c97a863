// SPDX-License-Identifier: Apache-2.0
// `co_await Sleep(loop, deadline)`: continues when the deadline has passed, at the wheel's next tick.
#pragma once

#include <coroutine>

#include "base/io/event_loop.h"
#include "base/io/waiter.h"

namespace gatehouse::io {

/// Cannot be cancelled: keep it short, or sleep in slices and look around between them.
class Sleep : private Waiter, private Timer {
 public:
  Sleep(EventLoop& loop, MonoTime deadline)
      : Waiter(&Sleep::resume), Timer(&Sleep::expire), loop_(loop), deadline_(deadline) {}

  bool await_ready() const { return loop_.now() >= deadline_; }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    loop_.timers().arm(*this, deadline_);
  }
  void await_resume() const {}

 private:
  static void expire(Timer& self) {
    auto& sleep = static_cast<Sleep&>(self);
    sleep.loop_.make_ready(sleep, Wake::timeout);
  }
  static void resume(Waiter& self) { static_cast<Sleep&>(self).handle_.resume(); }

  EventLoop& loop_;
  MonoTime deadline_;
  std::coroutine_handle<> handle_;
};

}  // namespace gatehouse::io
