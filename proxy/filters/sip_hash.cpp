// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 after Aumasson and Bernstein, "SipHash: a fast short-input PRF".
#include "proxy/filters/sip_hash.h"

#include <bit>
#include <cstddef>

namespace gatehouse::proxy {
namespace {

constexpr int kCompressionRounds = 2;
constexpr int kFinalRounds = 4;
constexpr std::size_t kWord = 8;

/// `size` <= 8 bytes, little-endian, on any machine.
std::uint64_t load(const char* from, std::size_t size) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < size; ++i)
    word |= std::uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
  return word;
}

void store(std::uint8_t* to, std::uint64_t word) {
  for (std::size_t i = 0; i < kWord; ++i) to[i] = static_cast<std::uint8_t>(word >> (8 * i));
}

struct State {
  std::uint64_t v0, v1, v2, v3;

  explicit State(const SipKey& key)
      : v0(key.k0 ^ 0x736f6d6570736575),
        v1(key.k1 ^ 0x646f72616e646f6d),
        v2(key.k0 ^ 0x6c7967656e657261),
        v3(key.k1 ^ 0x7465646279746573) {}

  void mix(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      v0 += v1;
      v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32) + v3;
      v2 += v1;
      v3 = std::rotl(v3, 21) ^ v0;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  }

  void take(std::uint64_t word) {
    v3 ^= word;
    mix(kCompressionRounds);
    v0 ^= word;
  }

  void take(std::string_view text) {
    std::size_t at = 0;
    for (; at + kWord <= text.size(); at += kWord) take(load(text.data() + at, kWord));
    const auto last = load(text.data() + at, text.size() - at);
    take(last | std::uint64_t{text.size() & 0xff} << 56);
  }

  std::uint64_t finish() {
    mix(kFinalRounds);
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

SipKey SipKey::from(const std::uint8_t* bytes) {
  const auto* text = reinterpret_cast<const char*>(bytes);
  return {load(text, kWord), load(text + kWord, kWord)};
}

std::uint64_t sip_hash(std::string_view text, const SipKey& key) {
  State state(key);
  state.take(text);
  state.v2 ^= 0xff;
  return state.finish();
}

std::array<std::uint8_t, 16> sip_tag(std::string_view text, const SipKey& key) {
  State state(key);
  state.v1 ^= 0xee;
  state.take(text);
  state.v2 ^= 0xee;
  std::array<std::uint8_t, 16> tag{};
  store(tag.data(), state.finish());
  state.v1 ^= 0xdd;
  store(tag.data() + kWord, state.finish());
  return tag;
}

}  // namespace gatehouse::proxy
