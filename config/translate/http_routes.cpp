// SPDX-License-Identifier: Apache-2.0
// The pass that turns HTTPRoutes into IR, one at a time and only those whose inputs changed.
#include <fmt/format.h>

#include "config/translate/backend_refs.h"
#include "config/translate/draft.h"
#include "config/translate/route_filters.h"
#include "config/translate/route_matches.h"

namespace gatehouse::translate {
namespace {

using namespace std::chrono_literals;

/// Translates one route; lives for that only.
class RouteTranslation {
 public:
  RouteTranslation(const objects::HttpRoute& route, const ServicePointers& services)
      : route_(route), services_(services), name_("HTTPRoute " + route.meta.full_name()) {}

  RouteOutcome run() {
    auto ir = std::make_shared<ir::HttpRoute>();
    ir->key = "HTTPRoute/" + route_.meta.full_name();
    ir->age = {route_.meta.creation_timestamp, route_.meta.full_name()};
    for (std::size_t i = 0; i < route_.rules.size(); ++i)
      ir->rules.push_back(to_rule(route_.rules[i], fmt::format("{}: spec.rules[{}]", name_, i)));
    outcome_.accepted = unsupported_.verdict();
    outcome_.resolved_refs = unresolved_.verdict();
    // Serving half of a rule could expose what the other half was to protect: the route is left out as a
    // whole.
    if (outcome_.accepted.ok) outcome_.route = std::move(ir);
    return std::move(outcome_);
  }

 private:
  ir::RouteRule to_rule(const objects::HttpRouteRule& rule, const std::string& where) {
    ir::RouteRule result;
    result.name = rule.name.value_or("");
    for (std::size_t i = 0; i < rule.matches.size(); ++i)
      result.matches.push_back(
          to_match(rule.matches[i], fmt::format("{}.matches[{}]", where, i), unsupported_));
    if (result.matches.empty()) result.matches.emplace_back();
    auto filters = to_filters(rule.filters, where, unsupported_);
    result.filters.request_headers = std::move(filters.request);
    result.filters.response_headers = std::move(filters.response);
    result.timeouts = {rule.timeouts.request.value_or(0ms), rule.timeouts.backend_request.value_or(0ms)};
    for (std::size_t i = 0; i < rule.backend_refs.size(); ++i)
      result.backends.push_back(
          to_weighted(rule.backend_refs[i], fmt::format("{}.backendRefs[{}]", where, i)));
    return result;
  }

  ir::WeightedBackend to_weighted(const objects::HttpBackendRef& ref, const std::string& where) {
    const BackendPlace place{route_, ref, services_[next_service_++], where};
    auto backend = to_backend(place, unresolved_, outcome_.targets);
    auto filters = to_filters(ref.filters, where, unsupported_);
    backend.filters.request_headers = std::move(filters.request);
    backend.filters.response_headers = std::move(filters.response);
    return backend;
  }

  const objects::HttpRoute& route_;
  const ServicePointers& services_;
  std::string name_;
  std::size_t next_service_ = 0;
  Findings unsupported_;
  Findings unresolved_;
  RouteOutcome outcome_;
};

/// A new outcome whose route equals the old one carries the old object on: a Service was touched, nothing
/// changed.
std::shared_ptr<const RouteOutcome> translate_route(const objects::HttpRoute& route,
                                                    const ServicePointers& services,
                                                    const RouteOutcome* before) {
  auto outcome = std::make_shared<RouteOutcome>(RouteTranslation(route, services).run());
  if (before && before->route && outcome->route && *before->route == *outcome->route)
    outcome->route = before->route;
  return outcome;
}

}  // namespace

void http_routes(Draft& draft) {
  std::map<std::string, Memo::RouteEntry, std::less<>> entries;
  for (auto& route : draft.routes) {
    const auto name = route.object->meta.full_name();
    Memo::RouteEntry entry{route.object, services_of(*route.object, draft.snapshot.services), nullptr};
    const auto known = draft.memo.routes.find(name);
    const auto* before = known == draft.memo.routes.end() ? nullptr : &known->second;
    if (before && before->object == entry.object && before->services == entry.services) {
      entry.outcome = before->outcome;
    } else {
      entry.outcome =
          translate_route(*entry.object, entry.services, before ? before->outcome.get() : nullptr);
      ++draft.memo.routes_translated;
    }
    route.outcome = entry.outcome;
    entries.emplace(name, std::move(entry));
  }
  draft.memo.routes = std::move(entries);
}

}  // namespace gatehouse::translate
