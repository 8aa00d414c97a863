// SPDX-License-Identifier: Apache-2.0
#include "gateway/name_table.h"

#include <algorithm>

#include "base/log.h"

namespace gatehouse::gateway {
namespace {

Duration at_least_the_pause(Duration wanted) {
  return std::max<Duration>(wanted, NameTable::kLeastPause);
}

Duration pause_after(const ir::DnsRefresh& how, std::chrono::seconds ttl) {
  const Duration refresh = how.refresh;
  return at_least_the_pause(how.respect_ttl ? std::min<Duration>(refresh, ttl) : refresh);
}

Duration pause_after_failure(const ir::DnsRefresh& how, std::uint32_t failures) {
  const auto doubled = NameTable::kLeastPause * (1U << std::min(failures - 1, 16U));
  return at_least_the_pause(std::min<Duration>(doubled, how.refresh));
}

/// A try that timed out may have been the one for all addresses of a family: then those known so far stay.
void keep_missing_family(std::vector<IpAddress>& found, const std::vector<IpAddress>& known, bool v6) {
  const auto is_of_it = [v6](const IpAddress& address) { return address.v6 == v6; };
  if (std::any_of(found.begin(), found.end(), is_of_it)) return;
  std::copy_if(known.begin(), known.end(), std::back_inserter(found), is_of_it);
  std::sort(found.begin(), found.end());
}

}  // namespace

void NameTable::schedule(Names::iterator at, MonoTime due) {
  at->second.due = due;
  due_.emplace(due, at->first);
}

void NameTable::want(const Wanted& names, MonoTime now) {
  for (auto at = names_.begin(); at != names_.end();) {
    if (names.contains(at->first)) {
      ++at;
      continue;
    }
    due_.erase({at->second.due, at->first});
    at = names_.erase(at);
  }
  for (const auto& [name, how] : names) {
    const auto [at, is_new] = names_.try_emplace(name);
    if (!is_new && at->second.how == how) continue;
    at->second.how = how;
    if (at->second.is_asked) continue;
    if (!is_new) due_.erase({at->second.due, name});
    schedule(at, now);
  }
}

std::vector<std::string> NameTable::take_due(MonoTime now, std::size_t most) {
  std::vector<std::string> taken;
  while (taken.size() < most && !due_.empty() && due_.begin()->first <= now) {
    taken.push_back(due_.begin()->second);
    due_.erase(due_.begin());
    names_.find(taken.back())->second.is_asked = true;
  }
  return taken;
}

std::optional<MonoTime> NameTable::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

bool NameTable::take(const DnsAnswer& answer, MonoTime now) {
  const auto at = names_.find(answer.name);
  // Not wanted any more, or forgotten and wanted again since: then another lookup is due already.
  if (at == names_.end() || !at->second.is_asked) return false;
  Entry& entry = at->second;
  entry.is_asked = false;
  if (answer.state != DnsAnswer::State::found || answer.addresses.empty()) {
    const bool changed = take_failure(entry, answer, now);
    schedule(at, now + pause_after_failure(entry.how, entry.failures));
    return changed;
  }
  if (entry.failures != 0) log_info("dns: {}: found again", escaped(answer.name));
  entry.failures = 0;
  entry.last_good = now;
  schedule(at, now + pause_after(entry.how, answer.ttl));
  return take_addresses(entry, answer);
}

bool NameTable::take_addresses(Entry& entry, const DnsAnswer& answer) {
  auto addresses = answer.addresses;
  if (answer.tries_timed_out)
    for (const bool v6 : {false, true}) keep_missing_family(addresses, entry.addresses, v6);
  if (addresses == entry.addresses) return false;
  entry.addresses = std::move(addresses);
  return true;
}

bool NameTable::take_failure(Entry& entry, const DnsAnswer& answer, MonoTime now) {
  const std::string_view after =
      entry.addresses.empty() ? "it has no endpoint" : "the last good answer stays in use";
  if (++entry.failures == 1) log_warning("dns: {}: {}; {}", escaped(answer.name), answer.why, after);
  if (entry.addresses.empty() || now - entry.last_good < kLongestStale) return false;
  log_warning("dns: {}: {} for an hour; its addresses are given up", escaped(answer.name), answer.why);
  entry.addresses.clear();
  return true;
}

const std::vector<IpAddress>* NameTable::find(std::string_view name) const {
  const auto at = names_.find(name);
  return at == names_.end() ? nullptr : &at->second.addresses;
}

}  // namespace gatehouse::gateway
