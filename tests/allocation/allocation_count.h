// SPDX-License-Identifier: Apache-2.0
// Counts every malloc, calloc, realloc and operator new of threads whose name starts with a prefix.
#pragma once

#include <cstdint>
#include <string_view>

namespace gatehouse::test {

/// Counts from construction to destruction; one at a time.
class AllocationCount {
 public:
  explicit AllocationCount(std::string_view thread_prefix);
  ~AllocationCount();
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;

  std::uint64_t allocations() const;
  /// Size of the first one; a hint at who it was.
  std::uint64_t first_size() const;
};

}  // namespace gatehouse::test
