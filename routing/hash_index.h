// SPDX-License-Identifier: Apache-2.0
// A flat hash table of small numbers; keys and their equality stay with the caller.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

namespace gatehouse::routing {

/// Differs from run to run, so nobody can write a configuration whose names all collide.
inline const std::uint64_t kHashSeed = std::random_device{}() | 1;

/// A well-mixed 32-bit hash of `text`, chained with `seed`.
inline std::uint32_t hash_text(std::string_view text, std::uint64_t seed) {
  constexpr std::uint64_t kMultiplier = 0x9fb21c651e98df25;
  std::uint64_t hash = (seed * 0x9e3779b97f4a7c15) ^ (kHashSeed * (text.size() + 1));
  const char* at = text.data();
  std::size_t left = text.size();
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kMultiplier;
    hash ^= hash >> 32;
  };
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    mix(word);
  }
  std::uint64_t tail = 0;
  for (std::size_t i = 0; i < left; ++i) tail = tail << 8 | static_cast<unsigned char>(at[i]);
  mix(tail);
  return static_cast<std::uint32_t>(hash ^ hash >> 29);
}

/// Open addressing, at most two thirds full, 8 bytes a slot. Built by one thread, then read by any number.
class HashIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// The value stored under `hash` for which `equal(value)` holds, or kNone.
  template <typename Equal>
  std::uint32_t find(std::uint32_t hash, Equal equal) const {
    if (slots_.empty()) return kNone;
    for (std::uint32_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.value == kNone) return kNone;
      if (slot.hash == hash && equal(slot.value)) return slot.value;
    }
  }

  /// The caller has made sure that no equal key is present.
  void insert(std::uint32_t hash, std::uint32_t value) {
    if ((size_ + 1) * 3 > slots_.size() * 2) grow();
    place({hash, value});
    ++size_;
  }

  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t value = kNone;
  };

  void place(Slot slot) {
    std::uint32_t at = slot.hash & mask_;
    while (slots_[at].value != kNone) at = (at + 1) & mask_;
    slots_[at] = slot;
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 2 : slots_.size() * 2);
    old.swap(slots_);
    mask_ = static_cast<std::uint32_t>(slots_.size() - 1);
    for (const Slot& slot : old)
      if (slot.value != kNone) place(slot);
  }

  std::vector<Slot> slots_;
  std::uint32_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace gatehouse::routing
