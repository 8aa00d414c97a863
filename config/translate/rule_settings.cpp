// SPDX-License-Identifier: Apache-2.0
#include "config/translate/rule_settings.h"

#include <fmt/format.h>

#include <algorithm>

namespace gatehouse::translate {
namespace {

/// FNV-1a: the same on every machine and in every release, so that cookies stay valid.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

/// Sorted, each once.
std::vector<std::uint16_t> to_codes(const std::vector<std::int32_t>& codes) {
  std::vector<std::uint16_t> result;
  for (const auto code : codes) result.push_back(static_cast<std::uint16_t>(code));
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

template <typename T>
void fill(std::optional<T>& to, const std::optional<T>& from) {
  if (!to) to = from;
}

}  // namespace

RuleSettings settings_of(const objects::HttpRouteRule& rule, std::string_view key) {
  RuleSettings settings;
  settings.request_timeout = rule.timeouts.request;
  settings.backend_request_timeout = rule.timeouts.backend_request;
  if (rule.retry) {
    settings.retry_attempts = static_cast<std::uint32_t>(std::max(rule.retry->attempts, 0));
    settings.retry_codes = to_codes(rule.retry->codes);
    settings.retry_backoff = rule.retry->backoff;
  }
  if (rule.session_persistence) settings.persistence = to_persistence(*rule.session_persistence, key);
  return settings;
}

ir::SessionPersistence to_persistence(const objects::SessionPersistence& persistence, std::string_view key) {
  ir::SessionPersistence result;
  result.absolute_timeout = persistence.absolute_timeout.value_or(std::chrono::milliseconds(0));
  if (persistence.type == "Header") {
    result.kind = ir::SessionPersistence::Kind::header;
    result.name = persistence.header ? persistence.header->name : "";
    return result;
  }
  const objects::SessionCookie standard;
  const auto& cookie = persistence.cookie ? *persistence.cookie : standard;
  result.kind = ir::SessionPersistence::Kind::cookie;
  result.name = cookie.name ? *cookie.name : fmt::format("gatehouse-{:016x}", hash_of(key));
  result.path = cookie.path;
  result.permanent = cookie.lifetime_type == "Permanent";
  return result;
}

RuleSettings merge(RuleSettings own, const RuleSettings& inherited) {
  fill(own.request_timeout, inherited.request_timeout);
  fill(own.backend_request_timeout, inherited.backend_request_timeout);
  fill(own.retry_attempts, inherited.retry_attempts);
  fill(own.retry_codes, inherited.retry_codes);
  fill(own.retry_backoff, inherited.retry_backoff);
  fill(own.retry_on_reset, inherited.retry_on_reset);
  fill(own.persistence, inherited.persistence);
  return own;
}

void apply(const RuleSettings& settings, ir::RouteRule& rule) {
  rule.timeouts.request = settings.request_timeout.value_or(rule.timeouts.request);
  rule.timeouts.backend_request = settings.backend_request_timeout.value_or(rule.timeouts.backend_request);
  rule.persistence = settings.persistence.value_or(rule.persistence);
  const auto attempts = settings.retry_attempts.value_or(0);
  if (attempts == 0) return;  // zero is off: codes and back-off have no meaning
  rule.retry.attempts = attempts;
  rule.retry.codes = settings.retry_codes.value_or(rule.retry.codes);
  rule.retry.backoff = settings.retry_backoff.value_or(rule.retry.backoff);
  rule.retry.on_reset = settings.retry_on_reset.value_or(rule.retry.on_reset);
}

}  // namespace gatehouse::translate
