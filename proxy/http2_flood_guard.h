// SPDX-License-Identifier: Apache-2.0
// Counts what an HTTP/2 peer does that costs us more than it (P7, P11, P12).
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "config/ir/listener.h"

namespace gatehouse::proxy {

/// Counts start over with each flood window. Bodies earn control frames: who moves a lot of data sends many
/// WINDOW_UPDATEs and PINGs. Thread: the session's.
class Http2FloodGuard {
 public:
  explicit Http2FloodGuard(const ir::Http2Limits& limits) : limits_(limits) {}

  void begin_turn(MonoTime now) {
    if (now < window_ends_) return;
    window_ends_ = now + limits_.flood_window;
    resets_ = stream_errors_ = control_frames_ = 0;
    body_bytes_ = 0;
  }
  void reset_received() { ++resets_; }
  void stream_error() { ++stream_errors_; }
  void control_frame() { ++control_frames_; }
  void body_bytes(std::size_t size) { body_bytes_ += size; }

  bool is_flooded() const {
    return resets_ > limits_.max_resets || stream_errors_ > limits_.max_stream_errors ||
           control_frames_ > limits_.max_control_frames + body_bytes_ / 1024;
  }

 private:
  const ir::Http2Limits& limits_;
  MonoTime window_ends_{};
  std::uint32_t resets_ = 0;
  std::uint32_t stream_errors_ = 0;
  std::uint64_t control_frames_ = 0;
  std::uint64_t body_bytes_ = 0;
};

}  // namespace gatehouse::proxy
