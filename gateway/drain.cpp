// SPDX-License-Identifier: Apache-2.0
#include "gateway/drain.h"

#include "base/log.h"

namespace gatehouse::gateway {

void Drain::begin(Pace pace) {
  if (begun_) {
    log_info("drain: told to end at once");
    exit_code_ = 1;
    parts_.loop.stop();
    return;
  }
  begun_ = true;
  // Before the delay is over, so that few connections are idle then: a request may be on its way to one.
  for (auto& worker : parts_.workers) worker->wind_down();
  parts_.state.set_draining();
  if (pace == Pace::at_once || parts_.delay.count() == 0) return stop_accepting(parts_.timeout);
  log_info("drain: not ready any more; accepting for {} ms longer", parts_.delay.count());
  parts_.loop.after(ControlLoop::TimerName::drain, parts_.delay,
                    [this] { stop_accepting(parts_.timeout - parts_.delay); });
}

/// The timeout counts from the signal, so what is `left` of it here is less after a delay.
void Drain::stop_accepting(std::chrono::milliseconds left) {
  log_info("drain: no new connections; waiting for open ones for up to {} ms", left.count());
  busy_ = parts_.workers.size();
  parts_.loop.after(ControlLoop::TimerName::drain, left, [this] {
    log_warning("drain: the timeout is over; open connections are cut off");
    exit_code_ = 1;
    parts_.loop.stop();
  });
  for (auto& worker : parts_.workers)
    worker->drain([this] { parts_.loop.post([this] { worker_is_idle(); }); });
}

void Drain::worker_is_idle() {
  if (--busy_ != 0) return;
  log_info("drain: done");
  parts_.loop.stop();
}

}  // namespace gatehouse::gateway
