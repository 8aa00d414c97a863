// SPDX-License-Identifier: Apache-2.0
// Which backends requests can get to through each Gateway, as far as those have a status of their own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/translate/draft.h"

namespace gatehouse::translate {

/// With the number of ways there.
struct GatewayReach {
  std::map<ServicePortName, std::uint32_t> secured;  ///< with a BackendTLSPolicy, usable or not
  std::map<std::string, std::uint32_t> x_backends;
};
using Reaches = std::map<std::string, GatewayReach, std::less<>>;  ///< by Gateway

/// What a route on one listener leads to.
struct RouteReach {
  const RouteOutcome& outcome;
  const std::vector<std::string>& x_backends;
};

/// Counts in, or out (`step` is 1 or -1). Returns whether something came or went.
bool count_reach(const RouteReach& route, std::int32_t step, GatewayReach& reach);
/// Counts in what a listener itself asks.
void count_reach(const ListenerDraft& listener, GatewayReach& reach);
Reaches reaches_of(const Draft& draft);

/// Both add statuses, Gateway by Gateway.
void add_backend_tls_statuses(const Reaches& reaches, Draft& draft);
void add_x_backend_statuses(const Reaches& reaches, Draft& draft);

}  // namespace gatehouse::translate
