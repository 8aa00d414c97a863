// SPDX-License-Identifier: Apache-2.0
// Tests the bytes of a text eight at a time, for the checks that every request pays for.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace gatehouse::http {

inline constexpr std::uint64_t kEachByte = 0x0101010101010101;
inline constexpr std::uint64_t kHighBits = 0x8080808080808080;

/// Whether any byte of `word` is zero, equals C, is less than C (C <= 128), has its high bit set.
constexpr bool has_zero(std::uint64_t word) {
  return ((word - kEachByte) & ~word & kHighBits) != 0;
}
template <unsigned char C>
constexpr bool has_byte(std::uint64_t word) {
  return has_zero(word ^ (kEachByte * C));
}
template <unsigned char C>
constexpr bool has_less(std::uint64_t word) {
  return ((word - kEachByte * C) & ~word & kHighBits) != 0;
}
constexpr bool has_high(std::uint64_t word) {
  return (word & kHighBits) != 0;
}

template <typename Word>
std::uint64_t load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Whether `test(word)` holds for any eight bytes of `text`; a short text is filled up with 'a'. Words may
/// overlap. Never reads outside `text`.
template <typename Test>
bool any_word(std::string_view text, Test test) {
  const char* at = text.data();
  const std::size_t size = text.size();
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8)
      if (test(load<std::uint64_t>(at + i))) return true;
    return test(load<std::uint64_t>(at + size - 8));
  }
  if (size >= 4) return test(load<std::uint32_t>(at) << 32 | load<std::uint32_t>(at + size - 4));
  if (size == 0) return false;
  const auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])}; };
  return test((kEachByte * 'a') << 24 | byte(0) << 16 | byte(size / 2) << 8 | byte(size - 1));
}

}  // namespace gatehouse::http
