// SPDX-License-Identifier: Apache-2.0
#include "base/io/timer_wheel.h"

namespace gatehouse::io {
namespace {

void unlink(Timer& timer) {
  timer.prev->next = timer.next;
  timer.next->prev = timer.prev;
  timer.prev = timer.next = nullptr;
}

void link_before(Timer& head, Timer& timer) {
  timer.prev = head.prev;
  timer.next = &head;
  head.prev->next = &timer;
  head.prev = &timer;
}

/// `to` is empty.
void move_all(Timer& from, Timer& to) {
  if (from.next == &from) return;
  to.next = from.next;
  to.prev = from.prev;
  to.next->prev = to.prev->next = &to;
  from.next = from.prev = &from;
}

}  // namespace

TimerWheel::TimerWheel(MonoTime start) : start_(start) {}

std::uint64_t TimerWheel::tick_of(MonoTime time) const {
  if (time <= start_) return 0;
  return static_cast<std::uint64_t>((time - start_) / kTick);
}

void TimerWheel::arm(Timer& timer, MonoTime deadline) {
  if (timer.armed()) cancel(timer);
  timer.wheel = this;
  timer.tick = tick_of(deadline) + 1;  // up, never early
  if (timer.tick < current_) timer.tick = current_;
  insert(timer);
  ++count_;
}

void TimerWheel::cancel(Timer& timer) {
  unlink(timer);
  --count_;
}

void TimerWheel::insert(Timer& timer) {
  const std::uint64_t distance = timer.tick - current_;
  unsigned level = 0;
  while (level + 1 < kLevels && distance >> ((level + 1) * kBits)) ++level;
  if (distance >> (kLevels * kBits)) timer.tick = current_ + (std::uint64_t{1} << (kLevels * kBits)) - 1;
  link_before(slot(level, timer.tick), timer);
}

void TimerWheel::cascade(unsigned level) {
  Slot moved;
  move_all(slot(level, current_), moved);
  while (moved.next != &moved) {
    Timer& timer = *moved.next;
    unlink(timer);
    insert(timer);
  }
}

/// What is armed meanwhile may share the slot, one turn of the wheel later: it must not fire now.
void TimerWheel::fire_slot(Slot& from) {
  Slot due;
  move_all(from, due);
  while (due.next != &due) {
    Timer& timer = *due.next;
    unlink(timer);
    --count_;
    timer.fire(timer);
  }
}

void TimerWheel::advance(MonoTime now) {
  const std::uint64_t target = tick_of(now);
  if (count_ == 0) {
    if (target >= current_) current_ = target + 1;
    return;
  }
  while (current_ <= target) {
    // A timer armed while its own slot fires must land in a later tick.
    Slot& due = slot(0, current_);
    ++current_;
    fire_slot(due);
    // Before the loop sleeps again: time_to_next looks at the lowest level only.
    for (unsigned level = kLevels - 1; level > 0; --level)
      if ((current_ & ((std::uint64_t{1} << (level * kBits)) - 1)) == 0) cascade(level);
  }
}

std::optional<Duration> TimerWheel::time_to_next(MonoTime now) const {
  if (count_ == 0) return std::nullopt;
  // Up to the next cascade at the latest: what sits in higher levels is looked at then.
  std::uint64_t tick = current_;
  const std::uint64_t wrap = (current_ | (kSlots - 1)) + 1;
  while (tick < wrap) {
    const Slot& candidate = slots_[0][tick & (kSlots - 1)];
    if (candidate.next != &candidate) break;
    ++tick;
  }
  const MonoTime due = start_ + kTick * static_cast<std::int64_t>(tick);
  return due > now ? due - now : Duration::zero();
}

}  // namespace gatehouse::io
