// SPDX-License-Identifier: Apache-2.0
// The control thread's loop: signals, file events, timers and posted functions, on Boost.Asio.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace gatehouse::gateway {

/// Owned by the application, run by its main thread. Callbacks run on that thread.
class ControlLoop {
 public:
  ControlLoop();
  ~ControlLoop();
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  /// SIGTERM, SIGINT, SIGHUP and SIGUSR1, every time one comes.
  void on_signal(std::function<void(int)> callback);
  /// Whenever `fd`, which stays the caller's, is readable.
  void on_readable(int fd, std::function<void()> callback);
  /// Once; starting a timer with the same name again replaces it.
  enum class TimerName { reconcile, names, rebind, drain, tickets, certificates, sync, data };
  void after(TimerName name, std::chrono::milliseconds delay, std::function<void()> callback);
  /// Any thread.
  void post(std::function<void()> function);

  /// Until stop().
  void run();
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::gateway
