// SPDX-License-Identifier: Apache-2.0
#include "config/translate/route_traces.h"

#include "config/translate/route_translation.h"

namespace gatehouse::translate {
namespace {

std::array<std::uint64_t, 4> bits_of(const PolicyUse& use) {
  return {use.effective.to_ullong(), use.overridden.to_ullong(), use.effective_overrides.to_ullong(),
          use.beaten_overrides.to_ullong()};
}

bool is_served(const GatewayDraft& gateway, const ListenerDraft& listener,
               const AttachmentDraft& attachment) {
  const auto& outcome = *attachment.outcome();
  if (!outcome.is_served() || !gateway.serves(listener)) return false;
  return !outcome.l4 || listener.takes_many_routes() || &attachment == oldest_l4(listener);
}

void add(std::map<std::string, RouteNames, std::less<>>& index, const std::string& key,
         const RouteName& name) {
  index[key].insert(name);
}

void remove(std::map<std::string, RouteNames, std::less<>>& index, const std::string& key,
            const RouteName& name) {
  const auto found = index.find(key);
  if (found == index.end()) return;
  found->second.erase(name);
  if (found->second.empty()) index.erase(found);
}

}  // namespace

void RouteTraces::clear() {
  traces_.clear();
  users_.clear();
  rivals_.clear();
  uses_.clear();
  reaches_.clear();
  clusters_.clear();
}

void RouteTraces::add_listeners(const Draft& draft) {
  ClusterUses::Keys changed;
  for (const auto& gateway : draft.gateways) {
    auto& reach = reaches_[gateway.object->meta.full_name()];
    for (const auto& listener : gateway.listeners) {
      count_reach(listener, reach);
      if (!gateway.serves(listener)) continue;
      for (const auto& target : listener.filter_targets) clusters_.use(target, changed);
    }
  }
}

void RouteTraces::add(const Draft& draft, Effects& effects) {
  for (const auto& route : draft.routes) {
    auto& trace = traces_[route.name()];
    trace.uses = route.uses;
    trace.backends = backends_named(route);
    trace.x_backends = route.x_backends;
  }
  for (const auto& gateway : draft.gateways)
    for (const auto& listener : gateway.listeners)
      for (const auto& attachment : listener.attachments)
        if (attachment.outcome())
          traces_.find(attachment.route->name())
              ->second.places.push_back({listener.name, gateway.object->meta.full_name(),
                                         !listener.takes_many_routes(),
                                         is_served(gateway, listener, attachment), attachment.outcome()});
  for (const auto& route : draft.routes) {
    const auto name = route.name();
    follow(name, traces_.find(name)->second, Step::add, effects);
  }
}

void RouteTraces::remove(const RouteNames& names, Effects& effects) {
  for (const auto& name : names) {
    const auto found = traces_.find(name);
    if (found == traces_.end()) continue;
    follow(name, found->second, Step::remove, effects);
    traces_.erase(found);
  }
}

void RouteTraces::follow(const RouteName& name, const Trace& trace, Step step, Effects& effects) {
  const bool comes = step == Step::add;
  for (const auto& backend : trace.backends)
    comes ? translate::add(users_, backend, name) : translate::remove(users_, backend, name);
  for (const auto& place : trace.places) {
    if (place.is_contested)
      comes ? translate::add(rivals_, place.listener, name)
            : translate::remove(rivals_, place.listener, name);
    follow(place, trace, step, effects);
  }
  follow(trace.uses, step, effects);
}

void RouteTraces::follow(const Place& place, const Trace& trace, Step step, Effects& effects) {
  const auto& outcome = *place.outcome;
  if (outcome.accepted.ok) effects.attached[place.listener] += static_cast<std::int32_t>(step);
  if (count_reach({outcome, trace.x_backends}, static_cast<std::int32_t>(step), reaches_[place.gateway]))
    effects.reach = true;
  if (!place.is_served) return;
  effects.listeners.insert(place.listener);
  for (const auto& target : outcome.targets)
    step == Step::add ? clusters_.use(target, effects.clusters) : clusters_.release(target, effects.clusters);
  if (step == Step::add) return;
  if (outcome.route) effects.gone.emplace_back(outcome.route);
  if (outcome.l4) effects.l4_gone.emplace_back(outcome.l4);
}

void RouteTraces::follow(const PolicyUses& uses, Step step, Effects& effects) {
  for (const auto& [target, use] : uses) {
    auto& counts = uses_[target];
    auto& count = counts[bits_of(use)];
    count += static_cast<std::uint32_t>(step);
    if (count == 0) counts.erase(bits_of(use));
    PolicyUse sum;
    for (const auto& [bits, number] : counts)
      sum |= {FieldSet(bits[0]), FieldSet(bits[1]), FieldSet(bits[2]), FieldSet(bits[3])};
    effects.policy_uses[target] = sum;
    effects.unused.erase(target);
    if (!counts.empty()) continue;
    effects.unused.insert(target);
    uses_.erase(target);
  }
}

RouteNames RouteTraces::users_of(const std::string& backend) const {
  const auto found = users_.find(backend);
  return found == users_.end() ? RouteNames{} : found->second;
}

RouteNames RouteTraces::with_rivals(const Draft& draft) const {
  RouteNames all = *draft.only;
  std::vector<RouteName> open(all.begin(), all.end());
  for (const auto& gateway : draft.gateways)
    for (const auto& listener : gateway.listeners)
      if (!listener.attachments.empty() && !listener.takes_many_routes())
        add_rivals_on(listener.name, all, open);
  while (!open.empty()) {
    const auto name = std::move(open.back());
    open.pop_back();
    add_rivals(name, all, open);
  }
  return all;
}

void RouteTraces::add_rivals(const RouteName& name, RouteNames& to, std::vector<RouteName>& open) const {
  const auto found = traces_.find(name);
  if (found == traces_.end()) return;
  for (const auto& place : found->second.places)
    if (place.is_contested) add_rivals_on(place.listener, to, open);
}

void RouteTraces::add_rivals_on(const std::string& listener, RouteNames& to,
                                std::vector<RouteName>& open) const {
  const auto found = rivals_.find(listener);
  if (found == rivals_.end()) return;
  for (const auto& name : found->second)
    if (to.insert(name).second) open.push_back(name);
}

}  // namespace gatehouse::translate
