// SPDX-License-Identifier: Apache-2.0
// Bump memory for one request: everything built for it is freed at once.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace gatehouse {

/// A growing bump allocator. Owned by one exchange, used on one thread. Blocks are kept by reset(),
/// so a warm arena allocates nothing; destructors are never run, so only trivial types may live here.
class Arena {
 public:
  /// Blocks of 3.5 KiB lie at different places of their pages: the first lines of many arenas, which are the
  /// ones in use, do not compete for the same few sets of the cache.
  explicit Arena(std::size_t block_size = 3584) : block_size_(block_size) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// `size` bytes, aligned for any character data. Never null; lives until reset().
  char* allocate(std::size_t size) {
    if (size > left_) return allocate_slow(size);
    char* result = next_;
    next_ += size;
    left_ -= size;
    return result;
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = allocate(text.size());
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  std::string_view concat(std::string_view a, std::string_view b, std::string_view c = {},
                          std::string_view d = {});

  /// Forgets everything allocated; keeps the first block.
  void reset();

  std::size_t bytes_reserved() const { return reserved_; }

 private:
  char* allocate_slow(std::size_t size);

  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };

  std::size_t block_size_;
  std::size_t reserved_ = 0;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::vector<Block> blocks_;
};

}  // namespace gatehouse
