// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <algorithm>

namespace gatehouse {

char* Arena::allocate_slow(std::size_t size) {
  const std::size_t want = std::max(size, block_size_);
  blocks_.push_back({std::unique_ptr<char[]>(new char[want]), want});
  reserved_ += want;
  char* start = blocks_.back().bytes.get();
  next_ = start + size;
  left_ = want - size;
  return start;
}

std::string_view Arena::concat(std::string_view a, std::string_view b, std::string_view c,
                               std::string_view d) {
  const std::size_t size = a.size() + b.size() + c.size() + d.size();
  char* to = allocate(size);
  char* at = to;
  for (const auto part : {a, b, c, d}) {
    if (part.empty()) continue;
    std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  return {to, size};
}

void Arena::reset() {
  if (blocks_.empty()) return;
  // A block made for one large request must not stay with a pooled arena.
  if (blocks_.size() > 1) blocks_.erase(blocks_.begin() + 1, blocks_.end());
  if (blocks_.front().size > block_size_) {
    blocks_.clear();
    next_ = nullptr;
    left_ = reserved_ = 0;
    return;
  }
  reserved_ = blocks_.front().size;
  next_ = blocks_.front().bytes.get();
  left_ = blocks_.front().size;
}

}  // namespace gatehouse
