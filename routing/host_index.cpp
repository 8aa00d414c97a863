// SPDX-License-Identifier: Apache-2.0
#include "routing/host_index.h"

#include <algorithm>

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
  const auto number = static_cast<std::uint32_t>(keys_.size());
  keys_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(key.size()), value});
  text_ += key;
  index_.insert(hash_text(key, 0), number);
  if (key.front() == '.') longest_wildcard_ = std::max(longest_wildcard_, key.size());
  return true;
}

std::optional<std::uint32_t> HostIndex::value_of(std::string_view hostname) const {
  if (means_any(hostname)) return any_host_ == HashIndex::kNone ? std::nullopt : std::optional(any_host_);
  const auto found = find(key_of(hostname));
  return found == HashIndex::kNone ? std::nullopt : std::optional(keys_[found].value);
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
