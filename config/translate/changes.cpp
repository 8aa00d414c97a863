// SPDX-License-Identifier: Apache-2.0
#include "config/translate/changes.h"

namespace gatehouse::translate {
namespace {

/// Walks both maps at once and makes `seen` equal to `now`. Calls changed(name, before, after) for every
/// difference; null stands for none.
template <typename T, typename Changed>
void follow(objects::ObjectMap<T>& seen, const objects::ObjectMap<T>& now, Changed changed) {
  auto old = seen.begin();
  for (auto fresh = now.begin(); fresh != now.end() || old != seen.end();) {
    if (fresh != now.end() && old != seen.end() && old->second == fresh->second) {  // and so is the name
      ++old;
      ++fresh;
      continue;
    }
    const bool is_gone = fresh == now.end() || (old != seen.end() && old->first < fresh->first);
    if (is_gone) {
      changed(old->first, old->second, std::shared_ptr<const T>());
      old = seen.erase(old);
      continue;
    }
    if (old == seen.end() || fresh->first < old->first) {
      changed(fresh->first, std::shared_ptr<const T>(), fresh->second);
      old = seen.emplace_hint(old, fresh->first, fresh->second);
    } else if (old->second != fresh->second) {
      changed(fresh->first, old->second, fresh->second);
      old->second = fresh->second;
    }
    ++old;
    ++fresh;
  }
}

template <typename T>
bool follow(objects::ObjectMap<T>& seen, const objects::ObjectMap<T>& now) {
  bool any = false;
  follow(seen, now, [&any](const auto&, const auto&, const auto&) { any = true; });
  return any;
}

std::string service_of(const objects::EndpointSlice& slice) {
  const auto label = slice.meta.labels.find("kubernetes.io/service-name");
  return slice.meta.ns + "/" + (label == slice.meta.labels.end() ? std::string() : label->second);
}

}  // namespace

Changes ChangeTracker::update(const objects::Snapshot& now) {
  // Names every kind, so that a new one cannot be forgotten here.
  const auto& [classes, gateways, listener_sets, routes, grpc_routes, tls_routes, tcp_routes, udp_routes,
               grants, tls_policies, x_backends, x_policies, policies, services, slices, namespaces, secrets,
               config_maps, feed] = now;
  Changes changes;
  follow(seen_.http_routes, routes,
         [&](const auto& name, const auto&, const auto&) { changes.routes.push_back(name); });
  follow(seen_.endpoint_slices, slices, [&](const auto& name, const auto& before, const auto& after) {
    if (before) {
      const auto service = service_of(*before);
      slices_by_service_[service].erase(name);
      changes.endpoints_of.insert(service);
    }
    if (!after) return;
    const auto service = service_of(*after);
    slices_by_service_[service].insert(name);
    changes.endpoints_of.insert(service);
  });
  const bool others[] = {
      follow(seen_.gateway_classes, classes),
      follow(seen_.gateways, gateways),
      follow(seen_.listener_sets, listener_sets),
      follow(seen_.grpc_routes, grpc_routes),
      follow(seen_.tls_routes, tls_routes),
      follow(seen_.tcp_routes, tcp_routes),
      follow(seen_.udp_routes, udp_routes),
      follow(seen_.reference_grants, grants),
      follow(seen_.backend_tls_policies, tls_policies),
      follow(seen_.x_backends, x_backends),
      follow(seen_.x_backend_traffic_policies, x_policies),
      follow(seen_.backend_traffic_policies, policies),
      follow(seen_.services, services),
      follow(seen_.namespaces, namespaces),
      follow(seen_.secrets, secrets),
      follow(seen_.config_maps, config_maps),
  };
  for (const bool other : others) changes.others = changes.others || other;
  return changes;
}

objects::ObjectMap<objects::EndpointSlice> ChangeTracker::slices_of(const std::string& service) const {
  objects::ObjectMap<objects::EndpointSlice> slices;
  const auto found = slices_by_service_.find(service);
  if (found == slices_by_service_.end()) return slices;
  for (const auto& name : found->second) slices.emplace(name, seen_.endpoint_slices.at(name));
  return slices;
}

}  // namespace gatehouse::translate
