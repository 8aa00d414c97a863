// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4: a keyed hash of short texts, 64 bits to compare or 128 bits to prove who wrote them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace gatehouse::proxy {

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;

  /// From 16 bytes, little-endian.
  static SipKey from(const std::uint8_t* bytes);
};

/// Equal for equal texts, in every process and release, given the same key.
std::uint64_t sip_hash(std::string_view text, const SipKey& key);

/// The 128-bit variant, as a message authentication code.
std::array<std::uint8_t, 16> sip_tag(std::string_view text, const SipKey& key);

}  // namespace gatehouse::proxy
