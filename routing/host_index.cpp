// SPDX-License-Identifier: Apache-2.0
#include "routing/host_index.h"

#include <algorithm>
#include <cstring>

namespace gatehouse::routing {
namespace {

bool means_any(std::string_view hostname) {
  return hostname.empty() || hostname == "*";
}

std::string_view key_of(std::string_view hostname) {
  return hostname.starts_with("*.") ? hostname.substr(1) : hostname;
}

}  // namespace

bool HostIndex::insert(std::string_view hostname, std::uint32_t value) {
  if (value_of(hostname)) return false;
  if (means_any(hostname)) {
    any_host_ = value;
    return true;
  }
  const std::string_view key = key_of(hostname);
  Slot slot;
  slot.hash = hash_text(key, 0);
  slot.value = value;
  slot.size = static_cast<std::uint32_t>(key.size());
  if (key.size() <= Slot::kInline) {
    key.copy(slot.text.data(), key.size());
  } else {
    const std::size_t offset = long_keys_.size();
    std::memcpy(slot.text.data(), &offset, sizeof offset);
    long_keys_ += key;
  }
  if ((size_ + 1) * 3 > slots_.size() * 2) grow();
  place(slot);
  ++size_;
  if (key.front() == '.') longest_wildcard_ = std::max(longest_wildcard_, key.size());
  return true;
}

std::string_view HostIndex::text(const Slot& slot) const {
  if (slot.size <= Slot::kInline) return {slot.text.data(), slot.size};
  std::size_t offset;
  std::memcpy(&offset, slot.text.data(), sizeof offset);
  return std::string_view(long_keys_).substr(offset, slot.size);
}

void HostIndex::grow() {
  std::vector<Slot> old(std::max<std::size_t>(slots_.size() * 2, 2));
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  for (const Slot& slot : old)
    if (slot.value != kNone) place(slot);
}

void HostIndex::place(const Slot& slot) {
  std::size_t at = slot.hash & mask_;
  while (slots_[at].value != kNone) at = (at + 1) & mask_;
  slots_[at] = slot;
}

std::optional<std::uint32_t> HostIndex::value_of(std::string_view hostname) const {
  const std::uint32_t found = means_any(hostname) ? any_host_ : find(key_of(hostname));
  return found == kNone ? std::nullopt : std::optional(found);
}

ListenerIndex::ListenerIndex(const std::vector<std::pair<std::string, std::uint32_t>>& listeners) {
  for (const auto& [hostname, number] : listeners) hosts_.insert(hostname, number);
}

std::optional<std::uint32_t> ListenerIndex::find(std::string_view host) const {
  std::optional<std::uint32_t> found;
  hosts_.visit(host, [&](std::uint32_t number) {
    found = number;
    return true;
  });
  return found;
}

}  // namespace gatehouse::routing
