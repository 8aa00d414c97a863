// SPDX-License-Identifier: Apache-2.0
#include "config/translate/address_pool.h"

#include <algorithm>

namespace gatehouse::translate {
namespace {

/// No range needs more: an IPv6 range is cut to its first 2^32 addresses.
constexpr int kMaxHostBits = 32;

/// FNV-1a: the same on every machine and in every release, which std::hash does not promise.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

int host_bits(const Cidr& range) {
  return (range.base.v6 ? 128 : 32) - range.prefix;
}

/// `range`'s first address plus `offset`, which fits into its host bits.
IpAddress address_in(const Cidr& range, std::uint64_t offset) {
  IpAddress address = range.base;
  const int width = address.v6 ? 16 : 4;
  for (int bit = range.prefix; bit < width * 8; ++bit)
    address.bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80 >> (bit % 8)));
  for (int i = width - 1; i >= 0 && offset != 0; --i, offset >>= 8)
    address.bytes[static_cast<std::size_t>(i)] |= static_cast<std::uint8_t>(offset & 0xff);
  return address;
}

}  // namespace

AddressPool::AddressPool(const std::vector<Cidr>& ranges) {
  for (const auto& cidr : ranges) {
    const auto all = std::uint64_t{1} << std::min(host_bits(cidr), kMaxHostBits);
    const bool has_reserved_ends = all > 2;
    ranges_.push_back({cidr, has_reserved_ends ? 1U : 0U, has_reserved_ends ? all - 2 : all});
    size_ += ranges_.back().size;
  }
}

void AddressPool::reserve(const IpAddress& address) {
  taken_.insert(address);
}

std::optional<IpAddress> AddressPool::assign(std::string_view name) {
  if (empty()) return std::nullopt;
  if (size_ == 1) return at(0);
  const auto start = hash_of(name) % size_;
  const auto tries = std::min<std::uint64_t>(size_, taken_.size() + 1);
  for (std::uint64_t i = 0; i < tries; ++i) {
    const auto address = at((start + i) % size_);
    if (taken_.insert(address).second) return address;
  }
  return std::nullopt;
}

IpAddress AddressPool::at(std::uint64_t index) const {
  for (const auto& range : ranges_) {
    if (index < range.size) return address_in(range.cidr, range.first + index);
    index -= range.size;
  }
  return {};
}

}  // namespace gatehouse::translate
