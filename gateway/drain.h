// SPDX-License-Identifier: Apache-2.0
// The orderly end of the process (D1).
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "gateway/control_loop.h"
#include "gateway/published_state.h"
#include "gateway/worker.h"

namespace gatehouse::gateway {

/// Not ready at once, accepting for the delay, then each connection ends after its current message; the loop
/// stops when the last one has ended or the timeout is over. A second call ends it now. Control thread.
class Drain {
 public:
  struct Parts {
    ControlLoop& loop;
    std::vector<std::unique_ptr<Worker>>& workers;
    PublishedState& state;
    std::chrono::milliseconds delay;
    std::chrono::milliseconds timeout;
  };
  enum class Pace { with_delay, at_once };

  explicit Drain(Parts parts) : parts_(parts) {}

  void begin(Pace pace);
  /// 0 after an orderly end, 1 when the timeout or a second signal cut it short.
  int exit_code() const { return exit_code_; }

 private:
  void stop_accepting(std::chrono::milliseconds left);
  void worker_is_idle();

  Parts parts_;
  bool begun_ = false;
  std::size_t busy_ = 0;
  int exit_code_ = 0;
};

}  // namespace gatehouse::gateway
