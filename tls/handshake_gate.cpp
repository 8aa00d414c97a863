// SPDX-License-Identifier: Apache-2.0
#include "tls/handshake_gate.h"

namespace gatehouse::tls {

void HandshakeGate::let_one_in(io::Waiter& waiter) {
  auto& gate = static_cast<HandshakeGate&>(waiter);
  if (gate.last_turn_ == gate.loop_.turns()) {
    gate.loop_.make_ready(gate, io::Wake::ready);
    return;
  }
  io::Waiter* first = gate.queue_.pop();
  if (!first) return;
  if (!gate.queue_.empty()) gate.loop_.make_ready(gate, io::Wake::ready);
  gate.last_turn_ = gate.loop_.turns();
  first->wake = io::Wake::ready;
  first->run(*first);
}

bool GateWait::await_ready() {
  if (cancel_ && cancel_->fired()) {
    result_ = io::Wake::cancelled;
    return true;
  }
  if (!gate_.is_free()) return false;
  gate_.last_turn_ = gate_.loop_.turns();
  return true;
}

void GateWait::await_suspend(std::coroutine_handle<> handle) {
  handle_ = handle;
  waiting_ = true;
  ++gate_.waiting_;
  gate_.queue_.push(*this);
  if (!gate_.linked()) gate_.loop_.make_ready(gate_, io::Wake::ready);
  if (deadline_ != io::kNoDeadline) gate_.loop_.timers().arm(*this, deadline_);
  join(cancel_);
}

void GateWait::resume(io::Waiter& waiter) {
  auto& self = static_cast<GateWait&>(waiter);
  self.result_ = self.cancel_ && self.cancel_->fired() ? io::Wake::cancelled : self.wake;
  self.leave_all();
  self.handle_.resume();
}

/// Leaves the queue; whoever is behind moves up.
void GateWait::expire(io::Timer& timer) {
  auto& self = static_cast<GateWait&>(timer);
  self.gate_.loop_.make_ready(self, io::Wake::timeout);
}

void GateWait::leave_all() {
  if (!waiting_) return;
  waiting_ = false;
  --gate_.waiting_;
  Timer::cancel();
  leave(cancel_);
}

}  // namespace gatehouse::tls
