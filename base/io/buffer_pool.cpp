// SPDX-License-Identifier: Apache-2.0
#include "base/io/buffer_pool.h"

#include <cstring>

namespace gatehouse::io {

void Buffer::release() {
  if (pool_) pool_->give_back(std::move(bytes_));
}

void Buffer::move_to_front() {
  const std::size_t filled = size();
  std::memmove(bytes_.get() + front_, bytes_.get() + begin_, filled);
  begin_ = front_;
  end_ = front_ + static_cast<std::uint32_t>(filled);
}

void Buffer::append(std::string_view bytes) {
  std::memcpy(bytes_.get() + end_, bytes.data(), bytes.size());
  end_ += static_cast<std::uint32_t>(bytes.size());
}

Buffer BufferPool::take() {
  if (free_.empty()) return wrap(std::unique_ptr<char[]>(new char[kBlockSize]));
  auto block = std::move(free_.back());
  free_.pop_back();
  return wrap(std::move(block));
}

/// The number of the page decides where in it the front lies.
Buffer BufferPool::wrap(std::unique_ptr<char[]> block) {
  constexpr std::size_t kPage = 4096;
  const std::size_t front = reinterpret_cast<std::uintptr_t>(block.get()) / kPage % kFronts * kBetweenFronts;
  return Buffer(this, std::move(block), front, kBufferSize);
}

Buffer BufferPool::take_sized(std::size_t capacity) {
  return Buffer(nullptr, std::unique_ptr<char[]>(new char[capacity]), 0, capacity);
}

void BufferPool::give_back(std::unique_ptr<char[]> block) {
  if (free_.size() < kMostKept) free_.push_back(std::move(block));
}

}  // namespace gatehouse::io
