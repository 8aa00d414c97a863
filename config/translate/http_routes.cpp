// SPDX-License-Identifier: Apache-2.0
// The passes that turn routes into IR, one at a time and only those whose inputs changed; and the rules of
// HTTPRoutes and GRPCRoutes.
#include <fmt/format.h>

#include <algorithm>

#include "config/translate/backend_refs.h"
#include "config/translate/draft.h"
#include "config/translate/route_filters.h"
#include "config/translate/route_matches.h"
#include "config/translate/route_translation.h"
#include "config/translate/rule_settings.h"

namespace gatehouse::translate {
namespace {

struct RulePlace {
  const objects::HttpRouteRule& rule;
  RouteKind kind;
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
        context_{resolver,
                 place_.from,
                 unsupported_,
                 unresolved,
                 targets_,
                 secured_,
                 place_.kind == RouteKind::grpc ? BackendUse::grpc : BackendUse::http} {}
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
  const std::vector<ServicePortName>& secured() const { return secured_; }

 private:
  std::vector<ir::RouteMatch> to_matches() {
    std::vector<ir::RouteMatch> matches;
    for (std::size_t i = 0; i < rule_.matches.size(); ++i) {
      Findings findings;
      auto match = to_match(rule_.matches[i], fmt::format("{}.matches[{}]", place_.where, i), findings,
                            place_.kind == RouteKind::grpc ? "method" : "path.value");
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
    auto resolved = context_.resolver.resolve(context_.from, ref, context_.use, where);
    if (!resolved.verdict.ok) context_.unresolved.add(resolved.verdict.reason, resolved.verdict.message);
    secured_.insert(secured_.end(), resolved.secured.begin(), resolved.secured.end());
    if (!resolved.is_usable() || filters.refuses_requests) {
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
  std::vector<ServicePortName> secured_;
  FilterContext context_;
};

/// Translates one route; lives for that only.
class RouteTranslation {
 public:
  RouteTranslation(const RouteDraft& route, const BackendResolver& resolver)
      : route_(*route.object), kind_(route.kind), resolver_(resolver), name_(route.title()) {}

  RouteOutcome run() {
    auto ir = std::make_shared<ir::HttpRoute>();
    ir->key = fmt::format("{}/{}", name_of(kind_), route_.meta.full_name());
    ir->grpc = kind_ == RouteKind::grpc;
    ir->age = {route_.meta.creation_timestamp, route_.meta.full_name()};
    for (std::size_t i = 0; i < route_.rules.size(); ++i) add_rule(i, *ir);
    if (ir->rules.size() == route_.rules.size()) ir->positions.clear();
    outcome_.resolved_refs = unresolved_.verdict();
    sort_out(outcome_.secured);
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
    RuleTranslation translation(
        {spec, kind_, referrer_of(kind_, route_), fmt::format("{}: spec.rules[{}]", name_, index),
         fmt::format("{}/{}", to.key, spec.name.value_or(std::to_string(index)))},
        resolver_, unresolved_);
    auto rule = translation.run();
    if (const auto& unsupported = translation.unsupported(); !unsupported.empty()) {
      unsupported_.add(unsupported.verdict().reason, unsupported.verdict().message);
      dropped_.push_back(index);
    }
    const auto& targets = translation.targets();
    outcome_.targets.insert(outcome_.targets.end(), targets.begin(), targets.end());
    outcome_.secured.insert(outcome_.secured.end(), translation.secured().begin(),
                            translation.secured().end());
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
  RouteKind kind_;
  const BackendResolver& resolver_;
  std::string name_;
  std::vector<std::size_t> dropped_;
  Findings unsupported_;
  Findings unresolved_;
  RouteOutcome outcome_;
};

/// Calls visit() for every reference to a backend.
template <typename Visit>
void for_each_backend(const std::vector<objects::HttpRouteFilter>& filters, const Visit& visit) {
  for (const auto& filter : filters) {
    if (filter.request_mirror) visit(filter.request_mirror->backend_ref);
    if (filter.external_auth) visit(filter.external_auth->backend_ref);
  }
}

template <typename Visit>
void for_each_backend(const objects::HttpRoute& route, const Visit& visit) {
  for (const auto& rule : route.rules) {
    for_each_backend(rule.filters, visit);
    for (const auto& ref : rule.backend_refs) {
      visit(ref);
      for_each_backend(ref.filters, visit);
    }
  }
}

/// With the route itself, all that its translation depends on.
Inputs inputs_of(const RouteDraft& route, const BackendResolver& resolver) {
  Inputs inputs;
  const auto from = referrer_of(route.kind, *route.object);
  for_each_backend(*route.object, [&](const objects::BackendObjectReference& ref) {
    resolver.collect_inputs(from, ref, inputs);
  });
  return inputs;
}

std::vector<std::string> x_backends_of(const RouteDraft& route, const BackendResolver& resolver) {
  std::vector<std::string> names;
  const auto from = referrer_of(route.kind, *route.object);
  for_each_backend(*route.object, [&](const objects::BackendObjectReference& ref) {
    if (auto name = resolver.x_backend_of(from, ref)) names.push_back(std::move(*name));
  });
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

/// A new outcome whose route equals the old one carries the old object on: a Service was touched, nothing
/// changed.
std::shared_ptr<const RouteOutcome> translate_route(const RouteDraft& route, const BackendResolver& resolver,
                                                    const RouteOutcome* before) {
  auto outcome = std::make_shared<RouteOutcome>(is_l4(route.kind) ? translate_l4(route, resolver)
                                                                  : RouteTranslation(route, resolver).run());
  if (before && before->route && outcome->route && *before->route == *outcome->route)
    outcome->route = before->route;
  if (before && before->l4 && outcome->l4 && *before->l4 == *outcome->l4) outcome->l4 = before->l4;
  return outcome;
}

Memo::RouteEntry entry_of(const RouteDraft& route, Draft& draft) {
  Memo::RouteEntry entry{route.object, inputs_of(route, draft.backend_refs), nullptr};
  const auto known = draft.memo.routes.find(route.key());
  const auto* before = known == draft.memo.routes.end() ? nullptr : &known->second;
  if (before && before->object == entry.object && before->inputs == entry.inputs) {
    entry.outcome = before->outcome;
    return entry;
  }
  entry.outcome = translate_route(route, draft.backend_refs, before ? before->outcome.get() : nullptr);
  ++draft.memo.counts.routes_translated;
  return entry;
}

}  // namespace

Referrer referrer_of(RouteKind kind, const objects::HttpRoute& route) {
  return {objects::kGatewayGroup, name_of(kind), route.meta.ns};
}

std::vector<std::string> backends_named(const RouteDraft& route) {
  std::vector<std::string> names;
  for_each_backend(*route.object, [&](const objects::BackendObjectReference& ref) {
    names.push_back(fmt::format("{}/{}/{}", ref.kind, ref.ns.value_or(route.object->meta.ns), ref.name));
  });
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void sort_out(std::vector<ServicePortName>& ports) {
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
}

void routes(Draft& draft) {
  std::map<std::string, Memo::RouteEntry, std::less<>> entries;
  for (auto& route : draft.routes) {
    auto entry = entry_of(route, draft);
    route.outcome = entry.outcome;
    route.x_backends = x_backends_of(route, draft.backend_refs);
    entries.emplace(route.key(), std::move(entry));
  }
  auto& known = draft.memo.routes;
  if (draft.only) {
    for (const auto& name : *draft.only) known.erase(name.key());
    known.merge(entries);
  } else {
    known = std::move(entries);
  }
  use_passthrough(draft);
}

}  // namespace gatehouse::translate
