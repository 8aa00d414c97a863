// SPDX-License-Identifier: Apache-2.0
#include "base/log_ring.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace gatehouse {

// make_unique_for_overwrite: pages of a ring that never fills stay untouched.
LogRing::LogRing(std::size_t size)
    : mask_(std::bit_ceil(size) - 1), bytes_(std::make_unique_for_overwrite<char[]>(mask_ + 1)) {}

bool LogRing::push(std::string_view line) {
  const auto head = head_.load(std::memory_order_relaxed);
  if (capacity() - (head - seen_tail_) < line.size()) {
    seen_tail_ = tail_.load(std::memory_order_acquire);
    if (capacity() - (head - seen_tail_) < line.size()) return false;
  }
  const auto at = head & mask_;
  const auto first = std::min(line.size(), capacity() - at);
  std::memcpy(bytes_.get() + at, line.data(), first);
  std::memcpy(bytes_.get(), line.data() + first, line.size() - first);
  head_.store(head + line.size(), std::memory_order_release);
  return true;
}

std::array<std::string_view, 2> LogRing::readable() const {
  const auto tail = tail_.load(std::memory_order_relaxed);
  const auto size = head_.load(std::memory_order_acquire) - tail;
  const auto at = tail & mask_;
  const auto first = std::min(size, capacity() - at);
  return {std::string_view(bytes_.get() + at, first), std::string_view(bytes_.get(), size - first)};
}

void LogRing::consume(std::size_t bytes) {
  tail_.store(tail_.load(std::memory_order_relaxed) + bytes, std::memory_order_release);
}

}  // namespace gatehouse
