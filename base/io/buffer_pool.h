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
  Buffer(class BufferPool* pool, std::unique_ptr<char[]> bytes, std::size_t capacity)
      : pool_(pool), bytes_(std::move(bytes)), capacity_(static_cast<std::uint32_t>(capacity)) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Buffer();

  explicit operator bool() const { return bytes_ != nullptr; }
  std::size_t capacity() const { return capacity_; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  const char* data() const { return bytes_.get() + begin_; }
  std::string_view view() const { return {bytes_.get() + begin_, size()}; }

  /// Free room behind the filled region.
  std::span<char> room() { return {bytes_.get() + end_, capacity_ - end_}; }
  void commit(std::size_t n) { end_ += static_cast<std::uint32_t>(n); }
  /// Forgets the first `n` bytes; an empty buffer starts over at its front.
  void consume(std::size_t n) {
    begin_ += static_cast<std::uint32_t>(n);
    if (begin_ == end_) begin_ = end_ = 0;
  }
  /// Moves the filled region to the front: all views into it end.
  void compact();
  void clear() { begin_ = end_ = 0; }
  void append(std::string_view bytes);  ///< the caller has checked the room

 private:
  void swap(Buffer& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(bytes_, other.bytes_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

  class BufferPool* pool_ = nullptr;
  std::unique_ptr<char[]> bytes_;
  std::uint32_t capacity_ = 0;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

/// Free list of equally sized buffers, last in first out so that the warmest is reused. Thread: one worker.
/// Must outlive its buffers.
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
  void give_back(std::unique_ptr<char[]> bytes);

  std::vector<std::unique_ptr<char[]>> free_;
};

}  // namespace gatehouse::io
