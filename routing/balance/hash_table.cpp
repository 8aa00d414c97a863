// SPDX-License-Identifier: Apache-2.0
#include "routing/balance/hash_table.h"

#include <cstring>
#include <string>
#include <utility>

namespace gatehouse::routing::balance {
namespace {

constexpr std::uint64_t kSkipSeed = 0x5bd1e9955bd1e995;

std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::string name_of(const ir::Endpoint& endpoint) {
  return endpoint.host + ':' + std::to_string(endpoint.port);
}

}  // namespace

std::uint64_t stable_hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = mix(seed + 0x9e3779b97f4a7c15 * (text.size() + 1));
  for (; !text.empty(); text.remove_prefix(std::min<std::size_t>(text.size(), 8))) {
    std::uint64_t word = 0;
    const std::size_t size = std::min<std::size_t>(text.size(), 8);
    for (std::size_t i = 0; i < size; ++i)  // byte order of the machine must not show
      word |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
    hash = mix(hash ^ word) + 0x9e3779b97f4a7c15;
  }
  return mix(hash);
}

std::shared_ptr<const HashTable> HashTable::build(const ir::Cluster& cluster) {
  switch (cluster.load_balancer.kind) {
    case ir::LoadBalancer::Kind::ring_hash:
      return build_ring(cluster.endpoints);
    case ir::LoadBalancer::Kind::maglev:
      return build_maglev(cluster.endpoints);
    default:
      return nullptr;
  }
}

/// Every endpoint owns as many points of the circle as fit, at least one.
std::shared_ptr<const HashTable> HashTable::build_ring(const std::vector<ir::Endpoint>& endpoints) {
  auto table = std::make_shared<HashTable>();
  const std::size_t count = std::min(endpoints.size(), kMostSlots);
  if (count == 0) return table;
  const std::size_t each = std::clamp<std::size_t>(kMostSlots / count, 1, kMostSlotsPerEndpoint);
  std::vector<std::pair<std::uint64_t, std::uint16_t>> points;
  points.reserve(count * each);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t point = stable_hash(name_of(endpoints[i]));
    for (std::size_t n = 0; n < each; ++n) {
      point = mix(point + 0x9e3779b97f4a7c15);
      points.emplace_back(point, static_cast<std::uint16_t>(i));
    }
  }
  std::sort(points.begin(), points.end());
  table->points_.reserve(points.size());
  table->slots_.reserve(points.size());
  for (const auto& [point, endpoint] : points) {
    table->points_.push_back(point);
    table->slots_.push_back(endpoint);
  }
  return table;
}

/// "Maglev: A Fast and Reliable Software Network Load Balancer", 3.4: endpoints take turns in claiming the
/// next free slot of a permutation of their own, so all own nearly the same number.
std::shared_ptr<const HashTable> HashTable::build_maglev(const std::vector<ir::Endpoint>& endpoints) {
  struct Claim {
    std::uint32_t next;
    std::uint32_t skip;
  };
  auto table = std::make_shared<HashTable>();
  const std::size_t count = std::min(endpoints.size(), kMostSlots);
  if (count == 0) return table;
  std::vector<Claim> claims;
  claims.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = name_of(endpoints[i]);
    claims.push_back({static_cast<std::uint32_t>(stable_hash(name) % kMaglevSlots),
                      static_cast<std::uint32_t>(stable_hash(name, kSkipSeed) % (kMaglevSlots - 1) + 1)});
  }

  std::vector<std::uint16_t> slots(kMaglevSlots);
  std::vector<bool> taken(kMaglevSlots);
  for (std::uint32_t filled = 0; filled < kMaglevSlots; ++filled) {
    const std::size_t turn = filled % count;
    Claim& claim = claims[turn];
    while (taken[claim.next]) claim.next = (claim.next + claim.skip) % kMaglevSlots;
    taken[claim.next] = true;
    slots[claim.next] = static_cast<std::uint16_t>(turn);
  }
  table->slots_ = std::move(slots);
  return table;
}

}  // namespace gatehouse::routing::balance
