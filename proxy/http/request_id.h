// SPDX-License-Identifier: Apache-2.0
// Request ids shaped as UUID version 4. Unique, not secret.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/arena.h"

namespace gatehouse::http {

/// xoshiro256** written as hex. One per worker, used on its thread; allocates nothing, no system call after
/// the seed.
class RequestIdGenerator {
 public:
  static constexpr std::size_t kSize = 36;

  /// Seeded by getrandom(2).
  RequestIdGenerator();
  /// For tests: the same seed gives the same ids. Not all words may be zero.
  explicit RequestIdGenerator(const std::array<std::uint64_t, 4>& seed) : state_(seed) {}

  /// Writes kSize characters.
  void write(char* to);
  std::string_view next(Arena& arena) {
    char* to = arena.allocate(kSize);
    write(to);
    return {to, kSize};
  }

 private:
  std::uint64_t next_word();

  std::array<std::uint64_t, 4> state_;
};

/// H5: 1-128 printable ASCII characters without SP.
bool is_valid_request_id(std::string_view text);

}  // namespace gatehouse::http
