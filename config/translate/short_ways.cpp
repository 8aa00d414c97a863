// SPDX-License-Identifier: Apache-2.0
#include "config/translate/short_ways.h"

#include <algorithm>
#include <tuple>

#include "config/translate/clusters.h"
#include "config/translate/endpoints.h"

namespace gatehouse::translate {
namespace {

using objects::EndpointSlice;

bool by_age(const ir::Attachment& a, const ir::Attachment& b) {
  const auto& x = a.route->age;
  const auto& y = b.route->age;
  return std::tie(x.created, x.name, a.route->key) < std::tie(y.created, y.name, b.route->key);
}

/// Hides the routes of other kinds for as long as it lives.
class OtherRoutes {
 public:
  OtherRoutes(objects::Snapshot& snapshot, Memo& memo) : snapshot_(snapshot), memo_(memo) { swap(); }
  ~OtherRoutes() { swap(); }
  OtherRoutes(const OtherRoutes&) = delete;
  OtherRoutes& operator=(const OtherRoutes&) = delete;

 private:
  void swap() {
    hidden_.grpc_routes.swap(snapshot_.grpc_routes);
    hidden_.tls_routes.swap(snapshot_.tls_routes);
    hidden_.tcp_routes.swap(snapshot_.tcp_routes);
    hidden_.udp_routes.swap(snapshot_.udp_routes);
    forms_.swap(memo_.forms);
  }

  objects::Snapshot& snapshot_;
  Memo& memo_;
  objects::Snapshot hidden_;
  decltype(Memo::forms) forms_;
};

/// Statuses of BackendTLSPolicies tell which Gateways lead to them; a client certificate makes clusters of a
/// Gateway's own.
bool ties_routes(const objects::Snapshot& snapshot) {
  return !snapshot.backend_tls_policies.empty() ||
         std::any_of(snapshot.gateways.begin(), snapshot.gateways.end(), [](const auto& entry) {
           return entry.second->tls.backend_client_certificate.has_value();
         });
}

bool selects_endpoints(const BackendTarget& target) {
  return target.x_backend && target.x_backend->type != "ExternalHostname";
}

/// Passes whose results are joined with those of the translation before, instead of being made from one
/// draft.
bool is_joined(const Pass& pass) {
  return pass.run == backends || pass.run == assemble;
}

objects::Problem to_problem(const HopelessBackend& why) {
  return {objects::Severity::warning, why.object, why.field, why.reason, why.fix, {}};
}

/// What was said about the endpoints of `target` before.
void drop_warning(const BackendTarget& target, std::vector<objects::Problem>& warnings) {
  for (const bool has_slices : {false, true})
    std::erase(warnings, to_problem(why_no_endpoint(target, {{}, has_slices})));
}

/// "Service/ns/name" of "Service/ns/name/80@h2", "XBackend/ns/name" of "XBackend/ns/name@tls".
std::string_view backend_of(std::string_view key) {
  const auto object = key.find('/', key.find('/') + 1) + 1;
  return key.substr(0, key.find_first_of("/@", object));
}

void change_count(std::vector<objects::ListenerStatus>& listeners, const std::string& name, std::int32_t by) {
  for (auto& listener : listeners)
    if (listener.name == name) listener.attached_routes += by;
}

}  // namespace

Translation ShortWays::run(const objects::Snapshot& snapshot, const Options& options, Memo& memo) {
  const auto changes = tracker_.update(snapshot);
  const bool routes_tied = !changes.routes.empty() &&
                           (last_.policies || !last_.statuses.policies.empty() || ties_routes(snapshot));
  if (!has_last_ || changes.others || routes_tied) {
    translate_all(snapshot, options, memo);
  } else {
    if (!changes.routes.empty()) translate_routes(changes.routes, options, memo);
    if (!changes.endpoints_of.empty()) translate_endpoints(changes.endpoints_of, options, memo);
  }
  return last_;
}

void ShortWays::translate_all(const objects::Snapshot& snapshot, const Options& options, Memo& memo) {
  ++memo.counts.full_passes;
  auto draft = make_draft(snapshot, options, memo);
  for (const auto& pass : translate_passes()) pass.run(draft);
  traces_.clear();
  uses_.clear();
  Effects effects;
  for (const auto& gateway : draft.gateways)
    for (const auto& listener : gateway.listeners)
      if (gateway.serves(listener))
        for (const auto& target : listener.filter_targets) use(target, effects);
  trace(draft, effects);
  last_ = std::move(draft.result);
  has_last_ = true;
}

/// Notes where the routes of `draft` ended up.
void ShortWays::trace(const Draft& draft, Effects& effects) {
  for (const auto& gateway : draft.gateways) {
    for (const auto& listener : gateway.listeners) {
      const auto* name = intern(listener.name);
      for (const auto& attachment : listener.attachments) {
        const auto* outcome = attachment.outcome();
        if (!outcome) continue;
        auto& trace = traces_[attachment.route->key()];
        trace.outcome = attachment.route->outcome;
        if (outcome->accepted.ok) {
          trace.counted.push_back(name);
          ++effects.counts[name];
        }
        if (!outcome->is_served() || !gateway.serves(listener)) continue;
        if (outcome->l4 && !listener.takes_many_routes() && &attachment != oldest_l4(listener)) continue;
        trace.served.push_back(name);
        effects.listeners.insert(name);
        for (const auto& target : outcome->targets) use(target, effects);
      }
    }
  }
}

void ShortWays::forget(const std::string& route, Effects& effects) {
  const auto found = traces_.find(route);
  if (found == traces_.end()) return;
  const auto& trace = found->second;
  for (const auto* listener : trace.counted) --effects.counts[listener];
  for (const auto* listener : trace.served) {
    effects.listeners.insert(listener);
    for (const auto& target : trace.outcome->targets) release(target, effects);
  }
  if (trace.outcome->route) effects.gone.push_back(trace.outcome->route);
  traces_.erase(found);
}

void ShortWays::use(const BackendTarget& target, Effects& effects) {
  auto& use = uses_[target.cluster];
  if (use.count++ != 0) return;
  use.target = target;
  effects.clusters.insert(target.cluster);
}

void ShortWays::release(const BackendTarget& target, Effects& effects) {
  const auto found = uses_.find(target.cluster);
  if (--found->second.count == 0) effects.clusters.insert(target.cluster);
}

/// The passes see a snapshot with no other routes than these.
void ShortWays::translate_routes(const std::vector<std::string>& names, const Options& options, Memo& memo) {
  auto& snapshot = tracker_.seen();
  objects::ObjectMap<objects::HttpRoute> routes;
  std::map<std::string, Memo::RouteEntry, std::less<>> entries;
  routes.swap(snapshot.http_routes);
  entries.swap(memo.routes);
  OtherRoutes others(snapshot, memo);
  for (const auto& name : names) {
    if (const auto found = routes.find(name); found != routes.end())
      snapshot.http_routes.emplace(name, found->second);
    if (auto known = entries.extract(name)) memo.routes.insert(std::move(known));
  }

  auto draft = make_draft(snapshot, options, memo);
  for (const auto& pass : translate_passes())
    if (!is_joined(pass)) pass.run(draft);
  Effects effects;
  for (const auto& name : names) forget(name, effects);
  std::sort(effects.gone.begin(), effects.gone.end());
  trace(draft, effects);
  entries.merge(memo.routes);
  entries.swap(memo.routes);
  routes.swap(snapshot.http_routes);
  join(names, draft, effects);
  memo.previous = last_.config;
  renew_clusters(effects.clusters, options, memo);
}

void ShortWays::join(const std::vector<std::string>& names, Draft& draft, const Effects& effects) {
  auto config = std::make_shared<ir::Config>(*last_.config);
  for (const auto& gateway : draft.gateways) {
    for (const auto& listener : gateway.listeners) {
      if (!effects.listeners.contains(intern(listener.name))) continue;
      const auto place = std::lower_bound(config->listeners.begin(), config->listeners.end(), listener.name,
                                          [](const auto& a, const auto& name) { return a->name < name; });
      *place = with_routes(*place, listener, effects);
    }
  }
  if (config->listeners != last_.config->listeners) last_.config = std::move(config);

  auto& statuses = last_.statuses;
  change_counts(draft, effects.counts);
  for (const auto& name : names) {
    std::erase_if(last_.warnings,
                  [&name](const auto& problem) { return problem.object == "HTTPRoute " + name; });
    if (auto status = draft.result.statuses.http_routes.find(name))
      statuses.http_routes.set(name, std::move(status));
    else
      statuses.http_routes.erase(name);
  }
  for (auto& warning : draft.result.warnings)
    if (std::any_of(names.begin(), names.end(),
                    [&warning](const auto& name) { return warning.object == "HTTPRoute " + name; }))
      last_.warnings.push_back(std::move(warning));
}

/// `before` itself when nothing comes of it. Only addresses are compared for the routes that stay.
std::shared_ptr<const ir::Listener> ShortWays::with_routes(const std::shared_ptr<const ir::Listener>& before,
                                                           const ListenerDraft& draft,
                                                           const Effects& effects) const {
  std::vector<ir::Attachment> fresh;
  for (const auto& attachment : draft.attachments)
    if (const auto* outcome = attachment.outcome(); outcome && outcome->route)
      fresh.push_back({outcome->route, attachment.hostnames});
  std::sort(fresh.begin(), fresh.end(), by_age);
  const auto is_gone = [&effects](const ir::Attachment& attachment) {
    return std::binary_search(effects.gone.begin(), effects.gone.end(), attachment.route);
  };
  std::vector<ir::Attachment> old;
  std::copy_if(before->routes.begin(), before->routes.end(), std::back_inserter(old), is_gone);
  if (old == fresh) return before;

  auto listener = std::make_shared<ir::Listener>(*before);
  auto& routes = listener->routes;
  std::erase_if(routes, is_gone);
  for (auto& attachment : fresh)
    routes.insert(std::upper_bound(routes.begin(), routes.end(), attachment, by_age), attachment);
  return listener;
}

void ShortWays::change_counts(const Draft& draft, const CountChanges& counts) {
  for (const auto& gateway : draft.gateways) {
    for (const auto& listener : gateway.listeners) {
      const auto change = counts.find(intern(listener.name));
      if (change == counts.end() || change->second == 0) continue;
      auto& statuses = last_.statuses;
      auto& entries = listener.set
                          ? statuses.listener_sets.at(listener.set->object->meta.full_name()).listeners
                          : statuses.gateways.at(gateway.object->meta.full_name()).listeners;
      change_count(entries, listener.spec->name, change->second);
    }
  }
}

void ShortWays::translate_endpoints(const std::set<std::string>& services, const Options& options,
                                    Memo& memo) {
  std::set<std::string> keys;
  for (const auto& service : services) {
    const auto begin = "Service/" + service + "/";
    for (auto use = uses_.lower_bound(begin); use != uses_.end() && use->first.starts_with(begin); ++use)
      keys.insert(use->first);
    const auto selecting = "XBackend/" + service.substr(0, service.find('/') + 1);
    for (auto use = uses_.lower_bound(selecting); use != uses_.end() && use->first.starts_with(selecting);
         ++use)
      if (selects_endpoints(use->second.target)) keys.insert(use->first);
  }
  renew_clusters(keys, options, memo);
}

std::set<std::string> ShortWays::with_siblings(const std::set<std::string>& keys) const {
  std::set<std::string> all;
  for (const auto& key : keys) {
    const auto backend = backend_of(key);
    for (auto use = uses_.lower_bound(backend); use != uses_.end() && use->first.starts_with(backend); ++use)
      if (backend_of(use->first) == backend) all.insert(use->first);
  }
  return all;
}

void ShortWays::renew_clusters(const std::set<std::string>& keys, const Options& options, Memo& memo) {
  if (keys.empty()) return;
  const auto all = with_siblings(keys);
  auto config = std::make_shared<ir::Config>(*last_.config);
  auto& clusters = config->clusters;
  for (const auto& key : all) drop_warning(uses_.find(key)->second.target, last_.warnings);
  for (const auto& key : all) {
    const auto use = uses_.find(key);
    const auto place = std::lower_bound(clusters.begin(), clusters.end(), key,
                                        [](const auto& a, const auto& b) { return a->key < b; });
    const bool is_known = place != clusters.end() && (*place)->key == key;
    if (use->second.count == 0) {
      if (is_known) clusters.erase(place);
      uses_.erase(use);
      continue;
    }
    auto cluster = make(use->second.target, options);
    if (!is_known) {
      clusters.insert(place, std::move(cluster));
    } else if (**place != *cluster) {
      *place = std::move(cluster);
      ++memo.counts.clusters_rebuilt;
    }
  }
  if (clusters != last_.config->clusters) last_.config = std::move(config);
  memo.previous = last_.config;
}

std::shared_ptr<const ir::Cluster> ShortWays::make(const BackendTarget& target, const Options& options) {
  ClusterSettings defaults;
  defaults.pool = options.pool;
  const auto& settings = target.settings ? *target.settings : defaults;
  objects::Snapshot own;  // the slices of its Service are all that a Service's cluster is made of
  if (target.service) own.endpoint_slices = tracker_.slices_of(target.service->meta.full_name());
  const SliceIndex slices(selects_endpoints(target) ? tracker_.seen() : own);
  auto list = endpoints_of(target, slices, settings.zone_aware ? options.zone : "", options);
  if (list.endpoints.empty()) {
    auto problem = to_problem(why_no_endpoint(target, list));
    auto& warnings = last_.warnings;
    if (std::find(warnings.begin(), warnings.end(), problem) == warnings.end())
      warnings.push_back(std::move(problem));
  }
  return make_cluster(target, settings, std::move(list.endpoints));
}

}  // namespace gatehouse::translate
