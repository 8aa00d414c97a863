// SPDX-License-Identifier: Apache-2.0
// How much of a cluster one worker may have in flight.
#pragma once

#include <algorithm>
#include <coroutine>
#include <cstdint>
#include <utility>

#include "base/io/event_loop.h"
#include "base/ref.h"
#include "config/ir/policy.h"
#include "proxy/stream.h"

namespace gatehouse::proxy {

/// Which of how many workers this is.
struct WorkerShare {
  std::uint32_t index = 0;
  std::uint32_t count = 1;

  /// This worker's part of `limit`; all parts add up to it, but no worker gets less than one, since another
  /// one's part is out of its reach. 0 = unlimited.
  std::uint32_t of(std::uint32_t limit) const;
};

/// Counts and limits of one cluster on one worker. Shared by the cluster and its endpoints, because a
/// connection may outlive its cluster. Thread: the worker's.
class CircuitBreaker final : public RefCounted<CircuitBreaker> {
 public:
  explicit CircuitBreaker(WorkerShare share) : share_(share) {}
  void set_limits(const ir::CircuitBreaker& limits);

  /// For a request that takes a connection at once. Nobody overtakes those who wait.
  bool admits_request() const { return requests_ + pending_ < max_requests_ && waiting_ == 0; }
  /// For a request that has to wait for a connection.
  bool admits_pending() const { return requests_ + pending_ < max_requests_ && pending_ < max_pending_; }
  bool admits_connection() const { return connections_ < max_connections_; }
  bool admits_retry() const { return retries_ < max_retries_; }

  void request_began() { ++requests_; }
  void request_ended() { --requests_; }
  void connection_opened() { ++connections_; }
  void connection_closed() {
    --connections_;
    room_made();
  }
  /// A connection became idle or was closed: the first of those who wait may look again.
  void room_made() {
    if (waiting_ != 0) wake_first();
  }
  void wake_all();
  void pending_began() { ++pending_; }
  void pending_ended() { --pending_; }
  void retry_began() { ++retries_; }
  void retry_ended() { --retries_; }

  std::uint32_t requests() const { return requests_; }
  std::uint32_t connections() const { return connections_; }
  std::uint32_t pending() const { return pending_; }
  std::uint32_t waiting() const { return waiting_; }
  std::uint32_t retries() const { return retries_; }

 private:
  friend class RoomWait;
  void wake_first();

  WorkerShare share_;
  io::WaiterList room_;
  std::uint32_t requests_ = 0;     ///< on a connection
  std::uint32_t pending_ = 0;      ///< while it is opened or waited for
  std::uint32_t waiting_ = 0;      ///< those of them that wait for room
  std::uint32_t connections_ = 0;  ///< idle ones included
  std::uint32_t retries_ = 0;
  std::uint32_t max_requests_ = UINT32_MAX;
  std::uint32_t max_pending_ = UINT32_MAX;
  std::uint32_t max_connections_ = UINT32_MAX;
  std::uint32_t max_retries_ = UINT32_MAX;
};

/// `co_await RoomWait(breaker, loop, limits)` ends when there may be room for a connection, at the deadline,
/// or soon after it was cancelled; first come, first served. The caller looks for itself which it was.
class RoomWait : private io::Waiter, private io::Timer {
 public:
  RoomWait(CircuitBreaker& breaker, io::EventLoop& loop, WaitLimits limits)
      : Waiter(&RoomWait::resume), Timer(&RoomWait::expire), breaker_(breaker), loop_(loop), limits_(limits) {
    ++breaker_.waiting_;
  }
  ~RoomWait() { --breaker_.waiting_; }

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    breaker_.room_.push(*this);
    arm();
  }
  void await_resume() { Timer::cancel(); }

 private:
  friend class CircuitBreaker;
  static void resume(Waiter& self) { static_cast<RoomWait&>(self).handle_.resume(); }
  static void expire(Timer& self) {
    auto& wait = static_cast<RoomWait&>(self);
    const bool is_over =
        wait.limits_.deadline <= wait.loop_.now() || (wait.limits_.cancel && wait.limits_.cancel->fired());
    if (is_over) return wait.loop_.make_ready(wait, io::Wake::timeout);
    wait.arm();
  }
  /// Who waits without a socket is not woken by a CancelSource, so it looks for itself.
  void arm() {
    constexpr auto kLook = std::chrono::milliseconds(50);
    loop_.timers().arm(*this, std::min(limits_.deadline, loop_.now() + kLook));
  }

  CircuitBreaker& breaker_;
  io::EventLoop& loop_;
  WaitLimits limits_;
  std::coroutine_handle<> handle_;
};

/// The right to one retry; counted as in flight until it goes. Empty: no retry.
class RetryPermit {
 public:
  RetryPermit() = default;
  explicit RetryPermit(Ref<CircuitBreaker> breaker) : breaker_(std::move(breaker)) {
    breaker_->retry_began();
  }
  RetryPermit(RetryPermit&&) noexcept = default;
  RetryPermit& operator=(RetryPermit&& other) noexcept {
    release();
    breaker_ = std::move(other.breaker_);
    return *this;
  }
  ~RetryPermit() { release(); }

  explicit operator bool() const { return static_cast<bool>(breaker_); }
  void release() {
    if (breaker_) breaker_->retry_ended();
    breaker_.reset();
  }

 private:
  Ref<CircuitBreaker> breaker_;
};

}  // namespace gatehouse::proxy
