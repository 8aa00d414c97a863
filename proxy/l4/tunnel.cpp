// SPDX-License-Identifier: Apache-2.0
#include "proxy/l4/tunnel.h"

#include "base/io/yield.h"

namespace gatehouse::proxy {
namespace {

/// Then others have their turn: with full buffers that is half a MiB copied, some MiB spliced.
constexpr int kStepsPerTurn = 32;

}  // namespace

Tunnel::Tunnel(Ends ends, io::BufferPool& buffers, Duration idle_timeout, Counter* counter)
    : loop_(ends.downstream.loop()),
      buffers_(buffers),
      idle_timeout_(idle_timeout),
      counter_(counter),
      active_(loop_.now()),
      up_{ends.downstream, ends.upstream, TunnelEnd::downstream_reset, TunnelEnd::upstream_reset, 0, {}, {}},
      down_{
          ends.upstream, ends.downstream, TunnelEnd::upstream_reset, TunnelEnd::downstream_reset, 0, {}, {}},
      wake_(loop_),
      up_done_(loop_) {}

Task<TunnelEnd> Tunnel::run() {
  active_ = loop_.now();
  up_.from.set_hangup_target(&wake_, false);
  up_.to.set_hangup_target(&wake_, false);
  look_for_reset(up_.from, up_.from_reset);
  look_for_reset(up_.to, up_.to_reset);
  io::spawn(pump_up());
  co_await pump(down_);
  co_await up_done_;
  up_.from.set_hangup_target(nullptr, false);
  up_.to.set_hangup_target(nullptr, false);
  const TunnelEnd how = end_.value_or(TunnelEnd::finished);
  if (how != TunnelEnd::finished && how != TunnelEnd::idle) {
    up_.from.reset_on_close();
    up_.to.reset_on_close();
  }
  co_return how;
}

Task<> Tunnel::pump_up() {
  co_await pump(up_);
  up_done_.set();
}

Task<> Tunnel::pump(Flow& flow) {
  int steps = 0;
  while (!end_) {
    const Step next = step(flow);
    if (next == Step::ended) co_return;
    if (next == Step::moved) {
      if (++steps < kStepsPerTurn) continue;
      steps = 0;
      co_await io::Yield(loop_);
      continue;
    }
    steps = 0;
    const bool for_input = next == Step::wait_for_input;
    if (for_input) flow.buffer = {};
    io::Socket& socket = for_input ? flow.from : flow.to;
    const auto direction = for_input ? io::Direction::read : io::Direction::write;
    const io::Wake wake = co_await io::Wait(socket, direction, idle_deadline(), &wake_);
    if (!goes_on(wake)) co_return;
  }
}

Tunnel::Step Tunnel::step(Flow& flow) {
  if (flow.pipe.is_open()) return splice(flow);
  return copy(flow);
}

Tunnel::Step Tunnel::copy(Flow& flow) {
  if (!flow.buffer.empty()) return write_from_buffer(flow);
  if (is_worth_a_pipe(flow)) {
    flow.may_splice = flow.pipe.open();
    if (flow.may_splice) return Step::moved;
  }
  return read_into_buffer(flow);
}

Tunnel::Step Tunnel::read_into_buffer(Flow& flow) {
  if (!flow.from.is_ready(io::Direction::read)) return Step::wait_for_input;
  if (!flow.buffer) flow.buffer = buffers_.take();
  const io::Transfer got = flow.from.read(flow.buffer.room());
  if (got.state == io::Transfer::State::end) return pass_end_on(flow);
  if (got.state == io::Transfer::State::done) flow.buffer.commit(got.bytes);
  return after_transfer(got, flow.from_reset, Step::wait_for_input);
}

Tunnel::Step Tunnel::write_from_buffer(Flow& flow) {
  if (!flow.to.is_ready(io::Direction::write)) return Step::wait_for_room;
  const iovec part{const_cast<char*>(flow.buffer.data()), flow.buffer.size()};  // a write only reads
  const io::Transfer sent = flow.to.write({&part, 1});
  if (sent.state == io::Transfer::State::done) {
    flow.buffer.consume(sent.bytes);
    count(flow, sent.bytes);
  }
  return after_transfer(sent, flow.to_reset, Step::wait_for_room);
}

/// The pipe is filled when it is empty, so that "would block" means that there is no input.
Tunnel::Step Tunnel::splice(Flow& flow) {
  if (flow.pipe.level == 0) {
    const io::Transfer got = flow.from.splice_to(flow.pipe.in(), SplicePipe::kBytes);
    if (got.state == io::Transfer::State::end) return pass_end_on(flow);
    if (got.state == io::Transfer::State::done) flow.pipe.level = got.bytes;
    return after_transfer(got, flow.from_reset, Step::wait_for_input);
  }
  const io::Transfer sent = flow.to.splice_from(flow.pipe.out(), flow.pipe.level);
  if (sent.state == io::Transfer::State::done) {
    flow.pipe.level -= sent.bytes;
    count(flow, sent.bytes);
  }
  return after_transfer(sent, flow.to_reset, Step::wait_for_room);
}

void Tunnel::count(Flow& flow, std::size_t bytes) {
  flow.bytes += bytes;
  if (!counter_) return;
  if (&flow == &up_)
    counter_->bytes_up(bytes);
  else
    counter_->bytes_down(bytes);
}

Tunnel::Step Tunnel::after_transfer(const io::Transfer& transfer, TunnelEnd on_failure, Step on_block) {
  if (transfer.state == io::Transfer::State::would_block) return on_block;
  if (transfer.state == io::Transfer::State::done) {
    active_ = loop_.now();
    return Step::moved;
  }
  end(on_failure);
  return Step::ended;
}

Tunnel::Step Tunnel::pass_end_on(Flow& flow) {
  flow.buffer = {};
  flow.pipe.close();
  flow.to.shutdown_write();
  active_ = loop_.now();
  return Step::ended;
}

bool Tunnel::is_worth_a_pipe(Flow& flow) const {
  return flow.bytes >= splice_after_ && flow.may_splice && !flow.from.transport() && !flow.to.transport();
}

/// Whether the direction that was woken has something left to do.
bool Tunnel::goes_on(io::Wake wake) {
  if (end_) return false;
  if (wake == io::Wake::cancelled) {
    // EPOLLHUP also comes when both sides have sent FIN; then what is unread still has to be passed on.
    wake_.reset();
    look_for_reset(up_.from, up_.from_reset);
    look_for_reset(up_.to, up_.to_reset);
  }
  // The other direction may have been busy meanwhile.
  if (wake == io::Wake::timeout && loop_.now() >= idle_deadline()) end(TunnelEnd::idle);
  return !end_;
}

void Tunnel::look_for_reset(io::Socket& socket, TunnelEnd how) {
  if (!end_ && socket.is_broken() && (!socket.is_open() || socket.take_error() != 0)) end(how);
}

void Tunnel::end(TunnelEnd how) {
  if (end_) return;
  end_ = how;
  wake_.fire();
}

MonoTime Tunnel::idle_deadline() const {
  return idle_timeout_ == Duration::zero() ? io::kNoDeadline : active_ + idle_timeout_;
}

}  // namespace gatehouse::proxy
