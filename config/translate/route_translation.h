// SPDX-License-Identifier: Apache-2.0
// What the translations of all kinds of routes have alike.
#pragma once

#include <vector>

#include "config/translate/draft.h"

namespace gatehouse::translate {

Referrer referrer_of(RouteKind kind, const objects::HttpRoute& route);
/// Sorted, each once.
void sort_out(std::vector<ServicePortName>& ports);

/// All Services and XBackends that a route sends requests to, copies of them or questions about them:
/// "Service/namespace/name", whether they are there or not. Sorted, each once.
std::vector<std::string> backends_named(const RouteDraft& route);

/// A TLSRoute, TCPRoute or UDPRoute.
RouteOutcome translate_l4(const RouteDraft& route, const BackendResolver& resolver);
/// Where a listener passes TLS through, its routes are served in the way meant for that.
void use_passthrough(Draft& draft);

}  // namespace gatehouse::translate
