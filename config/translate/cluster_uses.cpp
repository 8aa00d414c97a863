// SPDX-License-Identifier: Apache-2.0
#include "config/translate/cluster_uses.h"

#include <algorithm>
#include <tuple>

#include "config/translate/clusters.h"
#include "config/translate/endpoints.h"

namespace gatehouse::translate {
namespace {

using Clusters = std::vector<std::shared_ptr<const ir::Cluster>>;
using Saying = std::tuple<std::string, std::string, std::string>;  ///< object, field, reason

bool selects_endpoints(const BackendTarget& target) {
  return target.x_backend && target.x_backend->type != "ExternalHostname";
}

/// "Service/ns/name" of "Service/ns/name/80@h2", "XBackend/ns/name" of "XBackend/ns/name@tls".
std::string_view backend_of(std::string_view key) {
  const auto object = key.find('/', key.find('/') + 1) + 1;
  return key.substr(0, key.find_first_of("/@", object));
}

Saying saying_of(const HopelessBackend& why) {
  return {why.object, why.field, why.reason};
}

/// "Service ns/name" of "Service/ns/name/80@h2": how warnings name it.
std::string title_of(std::string_view key) {
  std::string title(backend_of(key));
  title[title.find('/')] = ' ';
  return title;
}

/// The part of `all` in the namespace that `prefix` ends with a slash.
template <typename T>
objects::ObjectMap<T> within(const objects::ObjectMap<T>& all, const std::string& prefix) {
  objects::ObjectMap<T> some;
  for (auto at = all.lower_bound(prefix); at != all.end() && at->first.starts_with(prefix); ++at)
    some.emplace_hint(some.end(), at->first, at->second);
  return some;
}

/// All that the endpoints of `target` are made of.
objects::Snapshot sources_of(const BackendTarget& target, const ChangeTracker& objects) {
  objects::Snapshot sources;
  if (target.service) sources.endpoint_slices = objects.slices_of(target.service->meta.full_name());
  if (!selects_endpoints(target)) return sources;
  const auto prefix = target.x_backend->meta.ns + "/";
  sources.endpoint_slices = within(objects.seen().endpoint_slices, prefix);
  sources.services = within(objects.seen().services, prefix);
  return sources;
}

/// Makes clusters, and gathers what there is to say about them.
class ClusterMaker {
 public:
  ClusterMaker(const ChangeTracker& objects, const Options& options) : objects_(objects), options_(options) {
    defaults_.pool = options.pool;
  }

  std::shared_ptr<const ir::Cluster> make(const BackendTarget& target) {
    const auto& settings = target.settings ? *target.settings : defaults_;
    const auto sources = sources_of(target, objects_);
    auto list = endpoints_of(target, SliceIndex(sources), settings.zone_aware ? options_.zone : "", options_);
    if (list.endpoints.empty()) {
      auto why = why_no_endpoint(target, list);
      if (said_.insert(saying_of(why)).second)
        warnings_.push_back({objects::Severity::warning, why.object, why.field, why.reason, why.fix, {}});
    }
    return make_cluster(target, settings, std::move(list.endpoints));
  }

  std::vector<objects::Problem> take_warnings() { return std::move(warnings_); }

 private:
  const ChangeTracker& objects_;
  const Options& options_;
  ClusterSettings defaults_;
  std::set<Saying> said_;
  std::vector<objects::Problem> warnings_;
};

}  // namespace

void ClusterUses::use(const BackendTarget& target, Keys& changed) {
  auto& use = uses_[target.cluster];
  if (use.count++ != 0) return;
  use.target = target;
  changed.insert(target.cluster);
}

void ClusterUses::release(const BackendTarget& target, Keys& changed) {
  const auto found = uses_.find(target.cluster);
  if (--found->second.count == 0) changed.insert(target.cluster);
}

ClusterUses::Keys ClusterUses::fed_by(const std::set<std::string>& services) const {
  Keys keys;
  std::set<std::string> namespaces;
  for (const auto& service : services) {
    namespaces.insert(service.substr(0, service.find('/') + 1));
    const auto begin = "Service/" + service + "/";
    for (auto use = uses_.lower_bound(begin); use != uses_.end() && use->first.starts_with(begin); ++use)
      keys.insert(use->first);
  }
  for (const auto& ns : namespaces) {
    const auto begin = "XBackend/" + ns;
    for (auto use = uses_.lower_bound(begin); use != uses_.end() && use->first.starts_with(begin); ++use)
      if (selects_endpoints(use->second.target)) keys.insert(use->first);
  }
  return keys;
}

ClusterUses::Keys ClusterUses::with_siblings(const Keys& keys) const {
  Keys all;
  for (const auto& key : keys) {
    const auto backend = backend_of(key);
    for (auto use = uses_.lower_bound(backend); use != uses_.end() && use->first.starts_with(backend); ++use)
      if (backend_of(use->first) == backend) all.insert(use->first);
  }
  return all;
}

/// One walk over both sorted lists, so that many changes cost no more than one.
void ClusterUses::renew(const Keys& keys, const ChangeTracker& objects, const Options& options,
                        const Place& place) {
  if (keys.empty()) return;
  const auto all = with_siblings(keys);
  std::set<std::string> titles;  // nobody else warns of them
  for (const auto& key : all) titles.insert(title_of(key));
  std::erase_if(place.warnings, [&titles](const auto& problem) { return titles.contains(problem.object); });

  ClusterMaker maker(objects, options);
  const Clusters& before = place.config->clusters;
  Clusters after;
  after.reserve(before.size() + all.size());
  auto old = before.begin();
  for (const auto& key : all) {
    const auto next =
        std::lower_bound(old, before.end(), key, [](const auto& a, const auto& b) { return a->key < b; });
    after.insert(after.end(), old, next);
    const bool is_known = next != before.end() && (*next)->key == key;
    old = is_known ? next + 1 : next;
    const auto use = uses_.find(key);
    if (use->second.count == 0) {
      uses_.erase(use);
      continue;
    }
    auto cluster = maker.make(use->second.target);
    if (is_known && **next == *cluster) cluster = *next;
    if (is_known && *next != cluster) ++place.counts.clusters_rebuilt;
    after.push_back(std::move(cluster));
  }
  after.insert(after.end(), old, before.end());
  for (auto& warning : maker.take_warnings()) place.warnings.push_back(std::move(warning));
  if (after == before) return;
  auto config = std::make_shared<ir::Config>();
  config->listeners = place.config->listeners;
  config->clusters = std::move(after);
  place.config = std::move(config);
}

}  // namespace gatehouse::translate
