// SPDX-License-Identifier: Apache-2.0
// xoshiro256** and its text form.
#include "proxy/http/request_id.h"

#include <sys/random.h>

#include <bit>
#include <chrono>

namespace gatehouse::http {
namespace {

constexpr std::size_t kMaxIdSize = 128;

constexpr std::array<char, 512> make_hex_pairs() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = digits[i >> 4];
    pairs[2 * i + 1] = digits[i & 15];
  }
  return pairs;
}
constexpr auto kHexPairs = make_hex_pairs();

/// Writes the top `count` bytes of `word`, which it shifts out.
char* write_bytes(char* to, std::uint64_t& word, int count) {
  for (int i = 0; i < count; ++i, word <<= 8) {
    const auto* pair = &kHexPairs[2 * (word >> 56)];
    *to++ = pair[0];
    *to++ = pair[1];
  }
  return to;
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
  std::uint64_t high = (next_word() & 0xffffffffffff0fff) | 0x4000;
  std::uint64_t low = (next_word() & 0x3fffffffffffffff) | 0x8000000000000000;
  to = write_bytes(to, high, 4);
  *to++ = '-';
  to = write_bytes(to, high, 2);
  *to++ = '-';
  to = write_bytes(to, high, 2);
  *to++ = '-';
  to = write_bytes(to, low, 2);
  *to++ = '-';
  write_bytes(to, low, 6);
}

bool is_valid_request_id(std::string_view text) {
  if (text.empty() || text.size() > kMaxIdSize) return false;
  for (const char c : text)
    if (c <= ' ' || c > '~') return false;
  return true;
}

}  // namespace gatehouse::http
