// SPDX-License-Identifier: Apache-2.0
#include "base/io/buffer_pool.h"

#include <cstring>

namespace gatehouse::io {

Buffer::~Buffer() {
  if (bytes_ && pool_) pool_->give_back(std::move(bytes_));
}

void Buffer::compact() {
  if (begin_ == 0) return;
  std::memmove(bytes_.get(), bytes_.get() + begin_, size());
  end_ -= begin_;
  begin_ = 0;
}

void Buffer::append(std::string_view bytes) {
  std::memcpy(bytes_.get() + end_, bytes.data(), bytes.size());
  end_ += static_cast<std::uint32_t>(bytes.size());
}

Buffer BufferPool::take() {
  if (free_.empty()) return Buffer(this, std::unique_ptr<char[]>(new char[kBufferSize]), kBufferSize);
  Buffer buffer(this, std::move(free_.back()), kBufferSize);
  free_.pop_back();
  return buffer;
}

Buffer BufferPool::take_sized(std::size_t capacity) {
  return Buffer(nullptr, std::unique_ptr<char[]>(new char[capacity]), capacity);
}

void BufferPool::give_back(std::unique_ptr<char[]> bytes) {
  if (free_.size() < kMostKept) free_.push_back(std::move(bytes));
}

}  // namespace gatehouse::io
