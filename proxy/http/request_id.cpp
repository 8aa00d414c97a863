// SPDX-License-Identifier: Apache-2.0
// xoshiro256** and its text form.
#include "proxy/http/request_id.h"

#include <sys/random.h>

#include <bit>
#include <chrono>
#include <cstring>

namespace gatehouse::http {
namespace {

constexpr std::size_t kMaxIdSize = 128;

/// Eight hex digits, the first one in the lowest byte: each byte of `value` is spread over two, a nibble
/// each, and all eight nibbles become digits at once.
std::uint64_t hex_digits(std::uint32_t value) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  std::uint64_t digits = __builtin_bswap32(value);
  digits = (digits | digits << 16) & 0x0000ffff0000ffff;
  digits = (digits | digits << 8) & 0x00ff00ff00ff00ff;
  digits = (digits >> 4 | digits << 8) & 0x0f0f0f0f0f0f0f0f;
  const std::uint64_t is_letter = (digits + kEach * 6) >> 4 & kEach;
  return digits + kEach * '0' + is_letter * ('a' - '0' - 10);
}

/// Writes four digits of `digits`, which it shifts out.
char* write_four(char* to, std::uint64_t& digits) {
  static_assert(std::endian::native == std::endian::little);
  const auto four = static_cast<std::uint32_t>(digits);
  std::memcpy(to, &four, sizeof four);
  digits >>= 32;
  return to + sizeof four;
}

}  // namespace

RequestIdGenerator::RequestIdGenerator() : state_{} {
  const auto got = getrandom(state_.data(), sizeof state_, 0);
  // Before Linux 3.17 or under a filter without getrandom: unique per worker and start, which is all an id
  // needs.
  if (got != static_cast<ssize_t>(sizeof state_)) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    state_ = {static_cast<std::uint64_t>(now), reinterpret_cast<std::uintptr_t>(this), 0x9e3779b97f4a7c15, 1};
    for (int i = 0; i < 16; ++i) next_word();
  }
}

std::uint64_t RequestIdGenerator::next_word() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void RequestIdGenerator::write(char* to) {
  // RFC 9562 5.4: four bits of version, two of variant.
  const std::uint64_t high = (next_word() & 0xffffffffffff0fff) | 0x4000;
  const std::uint64_t low = (next_word() & 0x3fffffffffffffff) | 0x8000000000000000;
  std::uint64_t digits[] = {
      hex_digits(static_cast<std::uint32_t>(high >> 32)), hex_digits(static_cast<std::uint32_t>(high)),
      hex_digits(static_cast<std::uint32_t>(low >> 32)), hex_digits(static_cast<std::uint32_t>(low))};
  to = write_four(to, digits[0]);
  to = write_four(to, digits[0]);
  *to++ = '-';
  to = write_four(to, digits[1]);
  *to++ = '-';
  to = write_four(to, digits[1]);
  *to++ = '-';
  to = write_four(to, digits[2]);
  *to++ = '-';
  to = write_four(to, digits[2]);
  to = write_four(to, digits[3]);
  write_four(to, digits[3]);
}

bool is_valid_request_id(std::string_view text) {
  if (text.empty() || text.size() > kMaxIdSize) return false;
  for (const char c : text)
    if (c <= ' ' || c > '~') return false;
  return true;
}

}  // namespace gatehouse::http
