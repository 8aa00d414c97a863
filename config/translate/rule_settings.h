// SPDX-License-Identifier: Apache-2.0
// Timeouts, retries and session persistence: what a rule says itself and policies may say for it.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "config/ir/route.h"
#include "config/objects/http_route.h"
#include "config/objects/session_persistence.h"

namespace gatehouse::translate {

/// Field by field, so that a value can come from elsewhere where the rule has none.
struct RuleSettings {
  std::optional<std::chrono::milliseconds> request_timeout;
  std::optional<std::chrono::milliseconds> backend_request_timeout;
  std::optional<std::uint32_t> retry_attempts;
  std::optional<std::vector<std::uint16_t>> retry_codes;
  std::optional<std::chrono::milliseconds> retry_backoff;
  std::optional<bool> retry_on_reset;
  std::optional<ir::SessionPersistence> persistence;
  bool operator==(const RuleSettings&) const = default;
};

/// What the rule itself says. `key` is the same for the life of the rule: a cookie without a name is named
/// after it.
RuleSettings settings_of(const objects::HttpRouteRule& rule, std::string_view key);
ir::SessionPersistence to_persistence(const objects::SessionPersistence& persistence, std::string_view key);

/// Values of `own`, where they are set; else of `inherited`.
RuleSettings merge(RuleSettings own, const RuleSettings& inherited);
/// The one place where they reach a rule of the IR. What nobody set is left at its default.
void apply(const RuleSettings& settings, ir::RouteRule& rule);

}  // namespace gatehouse::translate
