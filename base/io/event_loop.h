// SPDX-License-Identifier: Apache-2.0
// One thread's edge-triggered epoll loop: sockets, timers, posted functions.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/io/timer_wheel.h"
#include "base/io/waiter.h"
#include "base/result.h"

namespace gatehouse::io {

/// Told about the readiness of one descriptor. Edge-triggered: an event is reported once.
class EventSink {
 public:
  virtual void on_events(std::uint32_t events) = 0;

 protected:
  ~EventSink() = default;
};

/// Owned by one worker; everything but post() and stop() belongs to the thread that calls run().
/// A turn: wait, hand out events (which only mark things ready), fire timers, run what became ready, run
/// posted functions. Ends when stop() was called.
class EventLoop {
 public:
  static Result<std::unique_ptr<EventLoop>> create(const Clock& clock = system_clock());
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void run();
  /// One turn that waits at most `longest`; for tests and for run().
  void turn(Duration longest);

  /// Any thread.
  void stop();
  bool is_stopping() const { return stopping_.load(std::memory_order_acquire); }
  void post(std::function<void()> function);

  /// Registers `fd` once, for all events. False when the system refuses.
  bool add(int fd, EventSink& sink);
  /// Events of this turn that were not handed out yet are dropped. Call before close(fd).
  void remove(int fd, EventSink& sink);
  /// The same for a descriptor that stays open.
  void release(int fd, EventSink& sink);

  /// Runs `waiter` later in this turn, in order.
  void make_ready(Waiter& waiter, Wake wake) {
    waiter.unlink();
    waiter.wake = wake;
    ready_.push(waiter);
  }

  /// Runs `waiter` at the end of this turn, behind everything that is ready now.
  void at_turn_end(Waiter& waiter) { turn_end_.push(waiter); }
  /// Others will run in this turn behind whoever runs now.
  bool has_more_this_turn() const { return !running_.empty() || !ready_.empty(); }

  /// Cached once per turn.
  MonoTime now() const { return now_; }
  WallTime wall() const { return clock_.wall(); }
  TimerWheel& timers() { return timers_; }
  std::uint64_t turns() const { return turns_; }

 private:
  EventLoop(const Clock& clock, int epoll_fd, int wake_fd);
  void hand_out(int count);
  void run_ready();
  void run_posted();

  static constexpr int kBatch = 64;

  const Clock& clock_;
  int epoll_fd_;
  int wake_fd_;
  MonoTime now_;
  TimerWheel timers_;
  WaiterList ready_;
  WaiterList turn_end_;
  WaiterList running_;  ///< what is left of the list being run
  std::array<epoll_event, kBatch> events_;
  int event_index_ = 0;
  int event_count_ = 0;
  std::uint64_t turns_ = 0;

  std::atomic<bool> stopping_{false};
  std::mutex
      posted_mutex_;  // control path only: taken by a worker when the eventfd says something was posted
  std::vector<std::function<void()>> posted_;
};

}  // namespace gatehouse::io
