// SPDX-License-Identifier: Apache-2.0
#include "config/translate/short_ways.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "config/translate/impact.h"
#include "config/translate/policies/policy_draft.h"

namespace gatehouse::translate {
namespace {

/// The order of routes on a listener; those of two kinds may have the same name.
template <typename Attachment>
bool older(const Attachment& a, const Attachment& b) {
  const auto& x = *a.route;
  const auto& y = *b.route;
  return std::tie(x.age.created, x.age.name, x.key) < std::tie(y.age.created, y.age.name, y.key);
}

/// Where those of `gone` are among `routes`, sorted. They are found by value: a listener that equals the one
/// of the translation before keeps its objects.
template <typename Attachment, typename Routes>
std::vector<std::size_t> places_of(const Routes& gone, const std::vector<Attachment>& routes) {
  std::vector<std::size_t> places;
  for (const auto& route : gone) {
    const auto at = std::lower_bound(routes.begin(), routes.end(), Attachment{route, {}}, older<Attachment>);
    if (at != routes.end() && at->route->key == route->key)
      places.push_back(static_cast<std::size_t>(at - routes.begin()));
  }
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

/// Puts `fresh` in the place of those of `routes` that are gone. Returns whether that changes anything.
template <typename Attachment, typename Routes>
bool exchange(std::vector<Attachment>& routes, std::vector<Attachment> fresh, const Routes& gone) {
  const auto places = places_of(gone, routes);
  std::sort(fresh.begin(), fresh.end(), older<Attachment>);
  std::vector<Attachment> old;
  for (const auto place : places) old.push_back(routes[place]);
  if (old == fresh) return false;
  auto end = routes.begin() + static_cast<std::ptrdiff_t>(places.empty() ? routes.size() : places.front());
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto from = routes.begin() + static_cast<std::ptrdiff_t>(places[i] + 1);
    const auto next = i + 1 < places.size() ? places[i + 1] : routes.size();
    end = std::move(from, routes.begin() + static_cast<std::ptrdiff_t>(next), end);
  }
  routes.erase(end, routes.end());
  const auto middle = static_cast<std::ptrdiff_t>(routes.size());
  routes.insert(routes.end(), std::make_move_iterator(fresh.begin()), std::make_move_iterator(fresh.end()));
  std::inplace_merge(routes.begin(), routes.begin() + middle, routes.end(), older<Attachment>);
  return true;
}

/// `before` itself when nothing comes of it.
std::shared_ptr<const ir::Listener> with_routes(const std::shared_ptr<const ir::Listener>& before,
                                                const ListenerDraft& draft, const Effects& effects) {
  std::vector<ir::Attachment> http;
  std::vector<ir::L4Attachment> l4;
  for (const auto& attachment : draft.attachments) {
    const auto& outcome = attachment.outcome();
    if (outcome && outcome->route) http.push_back({outcome->route, attachment.hostnames});
    if (outcome && outcome->l4 && (draft.takes_many_routes() || &attachment == oldest_l4(draft)))
      l4.push_back({outcome->l4, attachment.hostnames});
  }
  auto listener = std::make_shared<ir::Listener>(*before);
  const std::array changed{exchange(listener->routes, std::move(http), effects.gone),
                           exchange(listener->l4_routes, std::move(l4), effects.l4_gone)};
  return changed[0] || changed[1] ? listener : before;
}

void change_counts(const GatewayDraft& gateway, const Effects& effects, objects::Statuses& statuses) {
  for (const auto& listener : gateway.listeners) {
    const auto change = effects.attached.find(listener.name);
    if (change == effects.attached.end() || change->second == 0) continue;
    auto& entries = listener.set ? statuses.listener_sets.at(listener.set->object->meta.full_name()).listeners
                                 : statuses.gateways.at(gateway.object->meta.full_name()).listeners;
    for (auto& entry : entries)
      if (entry.name == listener.spec->name) entry.attached_routes += change->second;
  }
}

SharedMap<objects::RouteStatus>& statuses_of(objects::Statuses& statuses, RouteKind kind) {
  switch (kind) {
    case RouteKind::http:
      return statuses.http_routes;
    case RouteKind::grpc:
      return statuses.grpc_routes;
    case RouteKind::tls:
      return statuses.tls_routes;
    case RouteKind::tcp:
      return statuses.tcp_routes;
    case RouteKind::udp:
      break;
  }
  return statuses.udp_routes;
}

}  // namespace

Translation ShortWays::run(const objects::Snapshot& snapshot, const Options& options) {
  options_ = options;
  const auto changes = tracker_.update(snapshot);
  const bool expired = last_.next_expiry != 0 && last_.next_expiry <= options.now;
  const auto impact = draft_ && !expired ? impact_of(changes, *draft_, traces_) : Impact{true, {}, {}};
  if (impact.everything) {
    translate_all();
  } else {
    translate_routes(impact.routes);
    renew_clusters(traces_.clusters().fed_by(impact.endpoints_of));
  }
  memo_.previous = last_.config;
  return last_;
}

void ShortWays::translate_all() {
  ++memo_.counts.full_passes;
  draft_.reset();
  draft_.emplace(make_draft(tracker_.seen(), options_, memo_));
  for (const auto& pass : translate_passes()) pass.run(*draft_);
  traces_.clear();
  traces_.add_listeners(*draft_);
  Effects effects;
  traces_.add(*draft_, effects);
  last_ = std::move(draft_->result);
  draft_->clusters.clear();
  forget_routes();
}

void ShortWays::translate_routes(const RouteNames& names) {
  if (names.empty()) return;
  draft_routes(names);
  const auto all = traces_.with_rivals(*draft_);
  if (all.size() != names.size()) draft_routes(all);
  routes(*draft_);
  policy_variants(*draft_);
  client_certificates(*draft_);

  Effects effects;
  traces_.remove(all, effects);
  traces_.add(*draft_, effects);
  join_listeners(effects);
  join_statuses(all, effects);
  forget_routes();
  renew_clusters(effects.clusters);
}

void ShortWays::draft_routes(const RouteNames& names) {
  forget_routes();
  draft_->only = &names;
  attach(*draft_);
}

void ShortWays::forget_routes() {
  for (auto& gateway : draft_->gateways)
    for (auto& listener : gateway.listeners) listener.attachments.clear();
  draft_->routes.clear();
  draft_->only = nullptr;
  draft_->result = {};
}

void ShortWays::join_listeners(const Effects& effects) {
  if (effects.listeners.empty()) return;
  auto config = std::make_shared<ir::Config>(*last_.config);
  for (const auto& gateway : draft_->gateways) {
    for (const auto& listener : gateway.listeners) {
      if (!effects.listeners.contains(listener.name)) continue;
      const auto place = std::lower_bound(config->listeners.begin(), config->listeners.end(), listener.name,
                                          [](const auto& a, const auto& name) { return a->name < name; });
      *place = with_routes(*place, listener, effects);
    }
  }
  if (config->listeners != last_.config->listeners) last_.config = std::move(config);
}

void ShortWays::join_statuses(const RouteNames& names, const Effects& effects) {
  for (const auto& gateway : draft_->gateways) change_counts(gateway, effects, last_.statuses);
  join_route_statuses(names);
  join_policy_uses(effects);
  if (effects.reach) join_backend_statuses();
}

void ShortWays::join_route_statuses(const RouteNames& names) {
  std::set<std::string> titles;
  for (const auto& name : names) titles.insert(name.title());
  const auto is_theirs = [&titles](const auto& problem) { return titles.contains(problem.object); };
  std::erase_if(last_.warnings, is_theirs);
  for (auto& warning : draft_->result.warnings)
    if (is_theirs(warning)) last_.warnings.push_back(std::move(warning));

  RouteNames gone = names;
  for (const auto& route : draft_->routes) {
    gone.erase(route.name());
    statuses_of(last_.statuses, route.kind)
        .set(route.object->meta.full_name(), std::make_shared<const objects::RouteStatus>(status_of(route)));
  }
  for (const auto& name : gone) statuses_of(last_.statuses, name.kind).erase(name.full_name);
}

/// Only policies of targets whose use is another now are looked at.
void ShortWays::join_policy_uses(const Effects& effects) {
  if (!draft_->policies) return;
  auto& policies = *draft_->policies;
  std::set<std::uint32_t> changed;
  const auto note = [&](const std::string& target) {
    const auto& numbers = policies.traffic->attachments().find(target)->policies;
    changed.insert(numbers.begin(), numbers.end());
  };
  for (const auto& [target, use] : effects.policy_uses) {
    const auto known = policies.uses.find(target);
    const bool is_used = !effects.unused.contains(target);
    if (is_used == (known != policies.uses.end()) && (!is_used || known->second == use)) continue;
    note(target);
    if (is_used)
      policies.uses[target] = use;
    else
      policies.uses.erase(known);
  }
  for (const auto number : changed) {
    const auto& policy = policies.traffic->policies()[number];
    auto& statuses = last_.statuses.policies[policy.kind];
    auto status = status_of(policies, number, options_);
    if (status.ancestors.empty())
      statuses.erase(policy.object->meta.full_name());
    else
      statuses.insert_or_assign(policy.object->meta.full_name(), std::move(status));
    if (statuses.empty()) last_.statuses.policies.erase(policy.kind);
  }
}

void ShortWays::join_backend_statuses() {
  add_backend_tls_statuses(traces_.reaches(), *draft_);
  add_x_backend_statuses(traces_.reaches(), *draft_);
  auto& fresh = draft_->result.statuses.policies;
  last_.statuses.policies.erase(objects::BackendTlsPolicy::kKind);
  last_.statuses.policies.erase(objects::XBackend::kKind);
  last_.statuses.policies.merge(fresh);
}

void ShortWays::renew_clusters(const ClusterUses::Keys& keys) {
  traces_.clusters().renew(keys, tracker_, options_, {last_.config, last_.warnings, memo_.counts});
}

}  // namespace gatehouse::translate
