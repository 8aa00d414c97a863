// SPDX-License-Identifier: Apache-2.0
// What the loop wakes: intrusive waiters, and the cancellation that may wake them early.
#pragma once

#include <coroutine>
#include <cstdint>

namespace gatehouse::io {

enum class Wake : std::uint8_t { ready, timeout, cancelled };

struct WaiterLink {
  WaiterLink* prev = nullptr;
  WaiterLink* next = nullptr;

  bool linked() const { return next != nullptr; }
  void unlink() {
    if (!next) return;
    prev->next = next;
    next->prev = prev;
    prev = next = nullptr;
  }
};

/// Something that continues when the loop says so. Embedded in its owner; on one loop for life.
/// Leaves whatever list it is in when destroyed.
struct Waiter : WaiterLink {
  using Run = void (*)(Waiter&);

  explicit Waiter(Run on_run) : run(on_run) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { unlink(); }

  Run run;
  Wake wake = Wake::ready;
};

/// FIFO of waiters. Thread: the loop's.
class WaiterList {
 public:
  WaiterList() { head_.prev = head_.next = &head_; }
  WaiterList(const WaiterList&) = delete;
  WaiterList& operator=(const WaiterList&) = delete;
  ~WaiterList() {
    while (!empty()) head_.next->unlink();
    head_.prev = head_.next = nullptr;
  }

  bool empty() const { return head_.next == &head_; }
  void push(Waiter& waiter) {
    waiter.prev = head_.prev;
    waiter.next = &head_;
    head_.prev->next = &waiter;
    head_.prev = &waiter;
  }
  Waiter* pop() {
    if (empty()) return nullptr;
    auto* first = static_cast<Waiter*>(head_.next);
    first->unlink();
    return first;
  }
  /// Moves everything to `to`, which must be empty.
  void move_to(WaiterList& to) {
    if (empty()) return;
    to.head_.next = head_.next;
    to.head_.prev = head_.prev;
    to.head_.next->prev = to.head_.prev->next = &to.head_;
    head_.prev = head_.next = &head_;
  }

 private:
  WaiterLink head_;
};

}  // namespace gatehouse::io
