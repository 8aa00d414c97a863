// SPDX-License-Identifier: Apache-2.0
// The addresses that Gateways without addresses of their own get.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/ip.h"

namespace gatehouse::translate {

/// Hands out addresses by the hash of a Gateway's name, the next free one where two hashes meet. So a Gateway
/// keeps its address while others come and go, unless its hash met that of an older Gateway that has now
/// gone. The network and broadcast address of a range are left out; a pool of a single address is shared by
/// all.
class AddressPool {
 public:
  explicit AddressPool(const std::vector<Cidr>& ranges);

  bool empty() const { return size_ == 0; }
  /// Takes `address` out of the pool, if it is in it.
  void reserve(const IpAddress& address);
  /// nullopt when no address is free.
  std::optional<IpAddress> assign(std::string_view name);

 private:
  IpAddress at(std::uint64_t index) const;

  struct Range {
    Cidr cidr;
    std::uint64_t first;
    std::uint64_t size;
  };
  std::vector<Range> ranges_;
  std::uint64_t size_ = 0;
  std::set<IpAddress> taken_;
};

}  // namespace gatehouse::translate
