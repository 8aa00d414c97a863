// SPDX-License-Identifier: Apache-2.0
// Bytes both ways between two sockets, as they are.
#pragma once

#include <cstdint>
#include <optional>

#include "base/io/buffer_pool.h"
#include "base/io/one_shot.h"
#include "base/io/socket.h"
#include "base/io/task.h"
#include "proxy/l4/splice_pipe.h"

namespace gatehouse::proxy {

using io::Task;

enum class TunnelEnd : std::uint8_t {
  finished,          ///< both sides have sent FIN, and it was passed on
  idle,              ///< not a byte in either direction for the idle timeout
  downstream_reset,  ///< RST, passed on as RST
  upstream_reset,
  cancelled,
};

/// What one side does not take is not read from the other: that is the backpressure. FIN passes on its own in
/// either direction. A long flow between two plain sockets goes through a pipe in the kernel (splice). Holds
/// a buffer only while bytes wait in it. The sockets are the owner's: it closes them when run() has ended,
/// which after a reset or cancel() sends RST to both. Thread: its worker.
class Tunnel {
 public:
  struct Ends {
    io::Socket& downstream;
    io::Socket& upstream;
  };
  /// Told of bytes as they are handed on.
  class Counter {
   public:
    virtual void bytes_up(std::uint64_t n) = 0;
    virtual void bytes_down(std::uint64_t n) = 0;

   protected:
    ~Counter() = default;
  };
  Tunnel(Ends ends, io::BufferPool& buffers, Duration idle_timeout, Counter* counter = nullptr);
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  /// Once. The tunnel stays until the task has ended.
  Task<TunnelEnd> run();
  /// run() ends within a turn or two of the loop.
  void cancel() { end(TunnelEnd::cancelled); }

  std::uint64_t bytes_up() const { return up_.bytes; }
  std::uint64_t bytes_down() const { return down_.bytes; }

  /// Bytes in one direction before it is worth a pipe of its own.
  static constexpr std::uint64_t kSpliceAfter = 256 * 1024;
  /// For benchmarks: another threshold.
  void set_splice_after(std::uint64_t bytes) { splice_after_ = bytes; }
  bool is_spliced() const { return up_.pipe.is_open() || down_.pipe.is_open(); }

 private:
  /// One direction.
  struct Flow {
    io::Socket& from;
    io::Socket& to;
    TunnelEnd from_reset;
    TunnelEnd to_reset;
    std::uint64_t bytes = 0;  ///< handed to `to`
    io::Buffer buffer;
    SplicePipe pipe;
    bool may_splice = true;
  };
  enum class Step : std::uint8_t { moved, wait_for_input, wait_for_room, ended };

  Task<> pump(Flow& flow);
  Task<> pump_up();
  Step step(Flow& flow);
  Step copy(Flow& flow);
  Step splice(Flow& flow);
  Step read_into_buffer(Flow& flow);
  Step write_from_buffer(Flow& flow);
  void count(Flow& flow, std::size_t bytes);
  Step after_transfer(const io::Transfer& transfer, TunnelEnd on_failure, Step on_block);
  Step pass_end_on(Flow& flow);
  bool is_worth_a_pipe(Flow& flow) const;
  bool goes_on(io::Wake wake);
  void look_for_reset(io::Socket& socket, TunnelEnd how);
  void end(TunnelEnd how);
  MonoTime idle_deadline() const;

  io::EventLoop& loop_;
  io::BufferPool& buffers_;
  Duration idle_timeout_;
  Counter* counter_;
  std::uint64_t splice_after_ = kSpliceAfter;
  MonoTime active_;
  Flow up_;
  Flow down_;
  io::CancelSource wake_;  ///< a socket broke, or it is over: both directions look up
  io::OneShot up_done_;
  std::optional<TunnelEnd> end_;
};

}  // namespace gatehouse::proxy
