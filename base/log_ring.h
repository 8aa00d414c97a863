// SPDX-License-Identifier: Apache-2.0
// A byte ring between one producing and one consuming thread; whole lines go in or nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>

namespace gatehouse {

/// push() belongs to the producer, readable() and consume() to the consumer. What becomes readable always
/// ends at the end of a line. Neither side ever waits.
class LogRing {
 public:
  /// `size` is rounded up to a power of two.
  explicit LogRing(std::size_t size);

  /// False, and nothing was written, when `line` does not fit.
  bool push(std::string_view line);
  /// Bytes that the producer takes for unread. At most too high.
  std::size_t fill() const {
    return head_.load(std::memory_order_relaxed) - tail_.load(std::memory_order_relaxed);
  }

  /// What was pushed and not consumed, in order; the second part is what wrapped around.
  std::array<std::string_view, 2> readable() const;
  void consume(std::size_t bytes);
  std::size_t capacity() const { return mask_ + 1; }

 private:
  const std::size_t mask_;
  const std::unique_ptr<char[]> bytes_;
  alignas(64) std::atomic<std::size_t> head_{0};  ///< bytes ever pushed
  std::size_t seen_tail_ = 0;  ///< the producer's copy of tail_, refreshed when the ring looks full
  alignas(64) std::atomic<std::size_t> tail_{0};  ///< bytes ever consumed
};

}  // namespace gatehouse
