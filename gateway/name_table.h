// SPDX-License-Identifier: Apache-2.0
// Which names are wanted, what is known of them, and when each is looked up next. No clock, no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/ir/policy.h"
#include "gateway/dns_client.h"

namespace gatehouse::gateway {

/// A found name is due again when its records have expired, at most `refresh` later. A name that could not be
/// found is tried again after 1 s, 2 s, 4 s and so on, at most `refresh`; meanwhile its last good addresses
/// stay, for an hour at most (B10). One thread.
class NameTable {
 public:
  static constexpr auto kLeastPause = std::chrono::seconds(1);
  static constexpr auto kLongestStale = std::chrono::hours(1);

  using Wanted = std::map<std::string, ir::DnsRefresh, std::less<>>;

  /// Names that are new are due at once; those not listed are forgotten.
  void want(const Wanted& names, MonoTime now);
  /// Up to `most` names that are due; they are not due again before their answer.
  std::vector<std::string> take_due(MonoTime now, std::size_t most);
  /// When the next one is due, if none is to be taken before.
  std::optional<MonoTime> next_due() const;
  /// True when the addresses of the name are others than before.
  bool take(const DnsAnswer& answer, MonoTime now);

  /// Null for a name that is not wanted. Sorted; empty as long as nothing is known.
  const std::vector<IpAddress>* find(std::string_view name) const;
  std::size_t size() const { return names_.size(); }

 private:
  struct Entry {
    ir::DnsRefresh how;
    std::vector<IpAddress> addresses;
    MonoTime due{};
    MonoTime last_good{};
    std::uint32_t failures = 0;  ///< in a row
    bool is_asked = false;
  };
  using Names = std::map<std::string, Entry, std::less<>>;

  void schedule(Names::iterator at, MonoTime due);
  bool take_addresses(Entry& entry, const DnsAnswer& answer);
  bool take_failure(Entry& entry, const DnsAnswer& answer, MonoTime now);

  Names names_;
  std::set<std::pair<MonoTime, std::string>> due_;  ///< of names that are not being asked for
};

}  // namespace gatehouse::gateway
