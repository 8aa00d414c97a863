// SPDX-License-Identifier: Apache-2.0
// Lets others have their turn: the awaiting coroutine continues after the loop has looked for events.
#pragma once

#include <coroutine>

#include "base/io/event_loop.h"

namespace gatehouse::io {

class Yield : private Waiter {
 public:
  explicit Yield(EventLoop& loop) : Waiter(&Yield::resume), loop_(loop) {}

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    loop_.make_ready(*this, Wake::ready);
  }
  void await_resume() const {}

 private:
  static void resume(Waiter& self) { static_cast<Yield&>(self).handle_.resume(); }

  EventLoop& loop_;
  std::coroutine_handle<> handle_;
};

/// Continues at the end of this turn of the loop. Writes that leave together wake their readers once: a
/// reader on another core is still busy with the first when the next comes.
class TurnEnd : private Waiter {
 public:
  explicit TurnEnd(EventLoop& loop) : Waiter(&TurnEnd::resume), loop_(loop) {}

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    loop_.at_turn_end(*this);
  }
  void await_resume() const {}

 private:
  static void resume(Waiter& self) { static_cast<TurnEnd&>(self).handle_.resume(); }

  EventLoop& loop_;
  std::coroutine_handle<> handle_;
};

}  // namespace gatehouse::io
