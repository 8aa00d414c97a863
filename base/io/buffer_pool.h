// SPDX-License-Identifier: Apache-2.0
// Read buffers of one worker: borrowed while bytes are in flight, given back when a connection is idle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::io {

/// A byte buffer with a filled region [begin, end). Move-only; returns to its pool when destroyed.
class Buffer {
 public:
  Buffer() = default;
  /// `capacity` bytes of `bytes` from `front` on.
  Buffer(class BufferPool* pool, std::unique_ptr<char[]> bytes, std::size_t front, std::size_t capacity)
      : pool_(pool),
        bytes_(std::move(bytes)),
        front_(static_cast<std::uint32_t>(front)),
        limit_(static_cast<std::uint32_t>(front + capacity)),
        begin_(front_),
        end_(front_) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Buffer() {
    if (bytes_) release();
  }

  explicit operator bool() const { return bytes_ != nullptr; }
  std::size_t capacity() const { return limit_ - front_; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  const char* data() const { return bytes_.get() + begin_; }
  std::string_view view() const { return {bytes_.get() + begin_, size()}; }

  /// Free room behind the filled region.
  std::span<char> room() { return {bytes_.get() + end_, limit_ - end_}; }
  void commit(std::size_t n) { end_ += static_cast<std::uint32_t>(n); }
  /// Forgets the first `n` bytes; an empty buffer starts over at its front.
  void consume(std::size_t n) {
    begin_ += static_cast<std::uint32_t>(n);
    if (begin_ == end_) begin_ = end_ = front_;
  }
  /// Moves the filled region to the front: all views into it end.
  void compact() {
    if (begin_ != front_) move_to_front();
  }
  void clear() { begin_ = end_ = front_; }
  void append(std::string_view bytes);  ///< the caller has checked the room

 private:
  void swap(Buffer& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(bytes_, other.bytes_);
    std::swap(front_, other.front_);
    std::swap(limit_, other.limit_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

  void release();
  void move_to_front();

  class BufferPool* pool_ = nullptr;
  std::unique_ptr<char[]> bytes_;
  std::uint32_t front_ = 0;
  std::uint32_t limit_ = 0;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

/// Free list of equally sized buffers, last in first out so that the warmest is reused. Their fronts lie at
/// different places of a page: heads of many connections do not compete for the same few sets of the cache.
/// Thread: one worker. Must outlive its buffers.
class BufferPool {
 public:
  static constexpr std::size_t kBufferSize = 16 * 1024;
  static constexpr std::size_t kMostKept = 512;

  BufferPool() = default;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  Buffer take();
  /// A buffer of another size (a long head); not pooled.
  Buffer take_sized(std::size_t capacity);
  std::size_t free_count() const { return free_.size(); }

 private:
  friend class Buffer;
  static constexpr std::size_t kFronts = 16;
  static constexpr std::size_t kBetweenFronts = 256;  ///< a usual head
  static constexpr std::size_t kBlockSize = kBufferSize + kFronts * kBetweenFronts;

  Buffer wrap(std::unique_ptr<char[]> block);
  void give_back(std::unique_ptr<char[]> block);

  std::vector<std::unique_ptr<char[]>> free_;
};

}  // namespace gatehouse::io
