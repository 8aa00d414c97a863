// SPDX-License-Identifier: Apache-2.0
// The pass that turns HTTPRoutes into IR, one at a time and only those whose inputs changed.
#include <fmt/format.h>

#include <algorithm>

#include "config/translate/backend_refs.h"
#include "config/translate/draft.h"
#include "config/translate/route_filters.h"
#include "config/translate/route_matches.h"
#include "config/translate/rule_settings.h"

namespace gatehouse::translate {
namespace {

Referrer referrer_of(const objects::HttpRoute& route) {
  return {objects::kGatewayGroup, objects::HttpRoute::kKind, route.meta.ns};
}

struct RulePlace {
  const objects::HttpRouteRule& rule;
  Referrer from;
  std::string where;  ///< object and field of the rule
  std::string key;    ///< the same for the life of the rule
};

/// Translates one rule; lives for that only. References are resolved also for a rule that turns out to be
/// unusable, so that the status names everything at once.
class RuleTranslation {
 public:
  RuleTranslation(RulePlace place, const BackendResolver& resolver, Findings& unresolved)
      : rule_(place.rule),
        place_(std::move(place)),
        context_{resolver, place_.from, unsupported_, unresolved, targets_} {}
  RuleTranslation(const RuleTranslation&) = delete;
  RuleTranslation& operator=(const RuleTranslation&) = delete;

  ir::RouteRule run() {
    ir::RouteRule result;
    result.name = rule_.name.value_or("");
    result.matches = to_matches();
    auto filters = to_filters(rule_.filters, {FilterOwner::rule, rule_, place_.where}, context_);
    std::vector<ir::WeightedBackend> backends;
    for (std::size_t i = 0; i < rule_.backend_refs.size(); ++i)
      backends.push_back(
          to_backend(rule_.backend_refs[i], fmt::format("{}.backendRefs[{}]", place_.where, i)));
    // Without filters and backends a rule answers 500. Were the requests of a dropped rule to fall through to
    // other rules, they could get past what its filters were to stop.
    if (filters.refuses_requests || !unsupported_.empty()) {
      targets_.clear();
      return result;
    }
    result.filters = std::move(filters.filters);
    result.backends = std::move(backends);
    apply(settings_of(rule_, place_.key), result);
    return result;
  }

  const Findings& unsupported() const { return unsupported_; }
  const std::vector<BackendTarget>& targets() const { return targets_; }

 private:
  std::vector<ir::RouteMatch> to_matches() {
    std::vector<ir::RouteMatch> matches;
    for (std::size_t i = 0; i < rule_.matches.size(); ++i) {
      Findings findings;
      auto match = to_match(rule_.matches[i], fmt::format("{}.matches[{}]", place_.where, i), findings);
      if (findings.empty())
        matches.push_back(std::move(match));
      else
        unsupported_.add(findings.verdict().reason, findings.verdict().message);
    }
    if (rule_.matches.empty()) matches.emplace_back();
    return matches;
  }

  ir::WeightedBackend to_backend(const objects::HttpBackendRef& ref, const std::string& where) {
    ir::WeightedBackend backend;
    backend.weight = static_cast<std::uint32_t>(std::max(ref.weight, 0));
    auto filters = to_filters(ref.filters, {FilterOwner::backend, rule_, where}, context_);
    auto resolved = context_.resolver.resolve(context_.from, ref, where);
    if (!resolved.verdict.ok) context_.unresolved.add(resolved.verdict.reason, resolved.verdict.message);
    if (!resolved.verdict.ok || filters.refuses_requests) {
      backend.error_status = kInvalidBackendStatus;
      return backend;
    }
    backend.cluster = resolved.target.cluster;
    backend.filters = std::move(filters.filters);
    if (const auto& x = resolved.target.x_backend; x && x->session_persistence)
      backend.persistence = to_persistence(*x->session_persistence, backend.cluster);
    context_.targets.push_back(std::move(resolved.target));
    return backend;
  }

  const objects::HttpRouteRule& rule_;
  RulePlace place_;
  Findings unsupported_;
  std::vector<BackendTarget> targets_;
  FilterContext context_;
};

/// Translates one route; lives for that only.
class RouteTranslation {
 public:
  RouteTranslation(const objects::HttpRoute& route, const BackendResolver& resolver)
      : route_(route), resolver_(resolver), name_("HTTPRoute " + route.meta.full_name()) {}

  RouteOutcome run() {
    auto ir = std::make_shared<ir::HttpRoute>();
    ir->key = "HTTPRoute/" + route_.meta.full_name();
    ir->age = {route_.meta.creation_timestamp, route_.meta.full_name()};
    for (std::size_t i = 0; i < route_.rules.size(); ++i) add_rule(i, *ir);
    if (ir->rules.size() == route_.rules.size()) ir->positions.clear();
    outcome_.resolved_refs = unresolved_.verdict();
    if (dropped_.empty() || dropped_.size() < route_.rules.size()) {
      outcome_.route = std::move(ir);
      outcome_.partially_invalid = partially_invalid();
    } else {
      outcome_.accepted = unsupported_.verdict();
    }
    return std::move(outcome_);
  }

 private:
  void add_rule(std::size_t index, ir::HttpRoute& to) {
    const auto& spec = route_.rules[index];
    RuleTranslation translation({spec, referrer_of(route_), fmt::format("{}: spec.rules[{}]", name_, index),
                                 fmt::format("{}/{}", to.key, spec.name.value_or(std::to_string(index)))},
                                resolver_, unresolved_);
    auto rule = translation.run();
    if (const auto& unsupported = translation.unsupported(); !unsupported.empty()) {
      unsupported_.add(unsupported.verdict().reason, unsupported.verdict().message);
      dropped_.push_back(index);
    }
    const auto& targets = translation.targets();
    outcome_.targets.insert(outcome_.targets.end(), targets.begin(), targets.end());
    if (rule.matches.empty()) return;
    to.rules.push_back(std::move(rule));
    to.positions.push_back(static_cast<std::uint32_t>(index));
  }

  Verdict partially_invalid() const {
    if (dropped_.empty()) return {};
    return Verdict::bad(unsupported_.verdict().reason,
                        fmt::format("Dropped Rule {} (answered with 500): {}", fmt::join(dropped_, ", "),
                                    unsupported_.verdict().message));
  }

  const objects::HttpRoute& route_;
  const BackendResolver& resolver_;
  std::string name_;
  std::vector<std::size_t> dropped_;
  Findings unsupported_;
  Findings unresolved_;
  RouteOutcome outcome_;
};

void collect_inputs(const std::vector<objects::HttpRouteFilter>& filters, const Referrer& from,
                    const BackendResolver& resolver, Inputs& to) {
  for (const auto& filter : filters) {
    if (filter.request_mirror) resolver.collect_inputs(from, filter.request_mirror->backend_ref, to);
    if (filter.external_auth) resolver.collect_inputs(from, filter.external_auth->backend_ref, to);
  }
}

/// With the route itself, all that its translation depends on.
Inputs inputs_of(const objects::HttpRoute& route, const BackendResolver& resolver) {
  Inputs inputs;
  const auto from = referrer_of(route);
  for (const auto& rule : route.rules) {
    collect_inputs(rule.filters, from, resolver, inputs);
    for (const auto& ref : rule.backend_refs) {
      resolver.collect_inputs(from, ref, inputs);
      collect_inputs(ref.filters, from, resolver, inputs);
    }
  }
  return inputs;
}

/// A new outcome whose route equals the old one carries the old object on: a Service was touched, nothing
/// changed.
std::shared_ptr<const RouteOutcome> translate_route(const objects::HttpRoute& route,
                                                    const BackendResolver& resolver,
                                                    const RouteOutcome* before) {
  auto outcome = std::make_shared<RouteOutcome>(RouteTranslation(route, resolver).run());
  if (before && before->route && outcome->route && *before->route == *outcome->route)
    outcome->route = before->route;
  return outcome;
}

}  // namespace

void http_routes(Draft& draft) {
  std::map<std::string, Memo::RouteEntry, std::less<>> entries;
  for (auto& route : draft.routes) {
    const auto name = route.object->meta.full_name();
    Memo::RouteEntry entry{route.object, inputs_of(*route.object, draft.backend_refs), nullptr};
    const auto known = draft.memo.routes.find(name);
    const auto* before = known == draft.memo.routes.end() ? nullptr : &known->second;
    if (before && before->object == entry.object && before->inputs == entry.inputs) {
      entry.outcome = before->outcome;
    } else {
      entry.outcome =
          translate_route(*entry.object, draft.backend_refs, before ? before->outcome.get() : nullptr);
      ++draft.memo.counts.routes_translated;
    }
    route.outcome = entry.outcome;
    entries.emplace(name, std::move(entry));
  }
  draft.memo.routes = std::move(entries);
}

}  // namespace gatehouse::translate
