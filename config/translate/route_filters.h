// SPDX-License-Identifier: Apache-2.0
// filters[] of an HTTPRoute or GRPCRoute rule or backendRef.
#pragma once

#include <string>
#include <vector>

#include "config/ir/filters.h"
#include "config/objects/http_route.h"
#include "config/translate/backend_refs.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

/// What filters are resolved with, and where findings go. Borrows everything.
struct FilterContext {
  const BackendResolver& resolver;
  Referrer from;
  Findings& unsupported;                ///< the rule cannot be served as it is: for Accepted
  Findings& unresolved;                 ///< for ResolvedRefs
  std::vector<BackendTarget>& targets;  ///< backends that filters send requests to
  std::vector<ServicePortName>& secured;
  BackendUse use = BackendUse::http;  ///< of mirrors
};

enum class FilterOwner : std::uint8_t { rule, backend };

struct FilterPlace {
  FilterOwner owner;
  const objects::HttpRouteRule& rule;  ///< the rule, or the one whose backend it is
  std::string where;                   ///< object and field that holds filters[]
};

struct TranslatedFilters {
  ir::Filters filters;
  /// A filter of a kind nobody serves stands here. It must not be skipped: requests get 500.
  bool refuses_requests = false;
};

/// Filters act in the order of ir::Filters, whatever their order in the list.
TranslatedFilters to_filters(const std::vector<objects::HttpRouteFilter>& filters, const FilterPlace& place,
                             const FilterContext& context);

/// Also for filters of listeners. An authorization that cannot be asked refuses every request.
ir::ExternalAuth to_external_auth(const objects::HttpExternalAuth& auth, const std::string& where,
                                  const FilterContext& context);

}  // namespace gatehouse::translate
