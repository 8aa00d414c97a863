// SPDX-License-Identifier: Apache-2.0
// An event that happens once; one coroutine may wait for it. Joins a spawned task with its owner.
#pragma once

#include <coroutine>

#include "base/io/event_loop.h"
#include "base/io/waiter.h"

namespace gatehouse::io {

/// Thread: the loop's. The awaiting side continues in a later step of the loop, never inside set().
class OneShot : private Waiter {
 public:
  explicit OneShot(EventLoop& loop) : Waiter(&OneShot::resume), loop_(loop) {}

  bool is_set() const { return set_; }
  /// For the next time; nobody may be waiting.
  void reset() { set_ = false; }
  void set() {
    set_ = true;
    if (handle_) loop_.make_ready(*this, Wake::ready);
  }

  bool await_ready() const { return set_; }
  void await_suspend(std::coroutine_handle<> handle) { handle_ = handle; }
  void await_resume() const {}

 private:
  static void resume(Waiter& self) {
    auto handle = std::exchange(static_cast<OneShot&>(self).handle_, nullptr);
    handle.resume();
  }

  EventLoop& loop_;
  std::coroutine_handle<> handle_;
  bool set_ = false;
};

}  // namespace gatehouse::io
