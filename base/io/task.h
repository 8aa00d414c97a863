// SPDX-License-Identifier: Apache-2.0
// Task<T>: a lazy coroutine for one event loop thread, its frame from the thread's pool.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/io/frame_pool.h"

namespace gatehouse::io {

template <typename T>
class Task;

namespace detail {

/// Common to all tasks. A task that ends without ever suspending returns into its awaiter's await_suspend, so
/// a loop of such awaits does not grow the stack, whatever the optimiser does with tail calls.
struct TaskPromiseBase {
  std::coroutine_handle<> continuation;
  bool awaiter_on_stack = false;
  bool done = false;

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) { release_frame(frame, size); }

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      TaskPromiseBase& promise = self.promise();
      promise.done = true;
      if (promise.awaiter_on_stack) return std::noop_coroutine();
      return promise.continuation;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  /// Nothing of ours throws after startup; a stray exception is a bug that must not be swallowed.
  [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
};

template <typename T>
struct TaskPromise : TaskPromiseBase {
  std::optional<T> value;
  Task<T> get_return_object() noexcept;
  void return_value(T result) { value.emplace(std::move(result)); }
  T take() { return std::move(*value); }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() noexcept {}
};

}  // namespace detail

/// The result of a coroutine that starts when it is awaited. Owns the frame; move-only; single thread.
/// A function that is done without waiting returns Task::ready(value), which costs no frame.
template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;

  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), value_(std::move(other.value_)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  template <typename U = T>
  requires(!std::is_void_v<U>) static Task ready(U value) { return Task(std::move(value), Immediate{}); }

  bool await_ready() const noexcept { return !handle_; }
  bool await_suspend(std::coroutine_handle<> awaiter) noexcept {
    auto& promise = handle_.promise();
    promise.continuation = awaiter;
    promise.awaiter_on_stack = true;
    handle_.resume();
    promise.awaiter_on_stack = false;
    return !promise.done;
  }
  T await_resume() {
    if constexpr (!std::is_void_v<T>) {
      if (!handle_) return std::move(*value_);
    }
    return handle_.promise().take();
  }

 private:
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
  struct Immediate {};
  Task(Value value, Immediate) : value_(std::move(value)) {}

  std::coroutine_handle<promise_type> handle_;
  std::optional<Value> value_;
};

namespace detail {

template <typename T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}

struct Detached {
  struct promise_type {
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) { release_frame(frame, size); }
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };
};

inline Detached run_detached(Task<void> task) {
  co_await std::move(task);
}

}  // namespace detail

/// Starts `task` now and lets it run to its end by itself. Whoever spawns must make sure that what the task
/// refers to outlives it.
inline void spawn(Task<void> task) {
  detail::run_detached(std::move(task));
}

}  // namespace gatehouse::io
