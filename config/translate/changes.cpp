// SPDX-License-Identifier: Apache-2.0
#include "config/translate/changes.h"

#include <string_view>

#include "config/translate/endpoints.h"

namespace gatehouse::translate {
namespace {

std::string service_of(const objects::EndpointSlice& slice) {
  const auto label = slice.meta.labels.find(kServiceNameLabel);
  return slice.meta.ns + "/" + (label == slice.meta.labels.end() ? std::string() : label->second);
}

/// Makes `seen` equal to `now` for one name. Calls changed(name, before, after) if they differ; null stands
/// for none.
template <typename T, typename Changed>
void follow_one(objects::ObjectMap<T>& seen, const objects::ObjectMap<T>& now, const std::string& name,
                const Changed& changed) {
  const auto fresh = now.find(name);
  const auto after = fresh == now.end() ? nullptr : fresh->second;
  const auto old = seen.find(name);
  const auto before = old == seen.end() ? nullptr : old->second;
  if (before == after) return;
  if (!after)
    seen.erase(old);
  else
    seen.insert_or_assign(name, after);
  changed(name, before, after);
}

/// The same for all names. Walks both maps at once.
template <typename T, typename Changed>
void follow_all(objects::ObjectMap<T>& seen, const objects::ObjectMap<T>& now, const Changed& changed) {
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

/// Where each kind's changes are noted.
class Notes {
 public:
  Notes(Changes& to, std::map<std::string, std::set<std::string>, std::less<>>& slices)
      : to_(to), slices_(slices) {}

  template <typename T>
  void operator()(const std::string&, const std::shared_ptr<const T>&, const std::shared_ptr<const T>&) {
    to_.others = true;
  }
  template <typename T>
  using Pointer = std::shared_ptr<const T>;
  using Name = const std::string&;

  void operator()(Name name, const Pointer<objects::HttpRoute>&, const Pointer<objects::HttpRoute>&) {
    to_.routes.insert({RouteKind::http, name});
  }
  void operator()(Name name, const Pointer<objects::GrpcRoute>&, const Pointer<objects::GrpcRoute>&) {
    to_.routes.insert({RouteKind::grpc, name});
  }
  void operator()(Name name, const Pointer<objects::TlsRoute>&, const Pointer<objects::TlsRoute>&) {
    to_.routes.insert({RouteKind::tls, name});
  }
  void operator()(Name name, const Pointer<objects::TcpRoute>&, const Pointer<objects::TcpRoute>&) {
    to_.routes.insert({RouteKind::tcp, name});
  }
  void operator()(Name name, const Pointer<objects::UdpRoute>&, const Pointer<objects::UdpRoute>&) {
    to_.routes.insert({RouteKind::udp, name});
  }
  void operator()(Name name, const Pointer<objects::Service>& before,
                  const Pointer<objects::Service>& after) {
    to_.services.push_back({name, before, after});
  }
  void operator()(Name name, const Pointer<objects::Namespace>& before,
                  const Pointer<objects::Namespace>& after) {
    to_.namespaces.push_back({name, before, after});
  }
  void operator()(Name name, const Pointer<objects::Gateway>& before,
                  const Pointer<objects::Gateway>& after) {
    to_.gateways.push_back({name, before, after});
  }
  void operator()(Name name, const Pointer<objects::EndpointSlice>& before,
                  const Pointer<objects::EndpointSlice>& after) {
    if (before) {
      const auto service = service_of(*before);
      const auto found = slices_.find(service);
      found->second.erase(name);
      if (found->second.empty()) slices_.erase(found);
      to_.endpoints_of.insert(service);
    }
    if (!after) return;
    const auto service = service_of(*after);
    slices_[service].insert(name);
    to_.endpoints_of.insert(service);
  }

 private:
  Changes& to_;
  std::map<std::string, std::set<std::string>, std::less<>>& slices_;
};

/// Calls visit(kind, map of seen, map of now) for all kinds: names every one, so that a new one cannot be
/// forgotten here.
template <typename Visit>
void for_each_kind(objects::Snapshot& seen, const objects::Snapshot& now, const Visit& visit) {
  auto& [classes, gateways, sets, http, grpc, tls, tcp, udp, grants, tls_policies, x_backends, x_policies,
         policies, services, slices, namespaces, secrets, maps, feed] = seen;
  static_cast<void>(feed);
  visit(objects::GatewayClass::kKind, classes, now.gateway_classes);
  visit(objects::Gateway::kKind, gateways, now.gateways);
  visit(objects::ListenerSet::kKind, sets, now.listener_sets);
  visit(objects::HttpRoute::kKind, http, now.http_routes);
  visit(objects::GrpcRoute::kKind, grpc, now.grpc_routes);
  visit(objects::TlsRoute::kKind, tls, now.tls_routes);
  visit(objects::TcpRoute::kKind, tcp, now.tcp_routes);
  visit(objects::UdpRoute::kKind, udp, now.udp_routes);
  visit(objects::ReferenceGrant::kKind, grants, now.reference_grants);
  visit(objects::BackendTlsPolicy::kKind, tls_policies, now.backend_tls_policies);
  visit(objects::XBackend::kKind, x_backends, now.x_backends);
  visit(objects::XBackendTrafficPolicy::kKind, x_policies, now.x_backend_traffic_policies);
  visit(objects::BackendTrafficPolicy::kKind, policies, now.backend_traffic_policies);
  visit(objects::Service::kKind, services, now.services);
  visit(objects::EndpointSlice::kKind, slices, now.endpoint_slices);
  visit(objects::Namespace::kKind, namespaces, now.namespaces);
  visit(objects::Secret::kKind, secrets, now.secrets);
  visit(objects::ConfigMap::kKind, maps, now.config_maps);
}

}  // namespace

Changes ChangeTracker::update(const objects::Snapshot& now) {
  Changes changes;
  const auto& before = seen_.feed;
  const auto& feed = now.feed;
  const bool is_same_store = feed.store != 0 && feed.store == before.store;
  if (!is_same_store || feed.since > before.until) {
    compare(now, changes);
  } else if (feed.until != before.until) {
    if (feed.since != before.since) fed_ = 0;
    follow_feed(now, changes);
  }
  seen_.feed = {feed.store, feed.since, feed.until, {}};
  fed_ = feed.objects.size();
  return changes;
}

void ChangeTracker::compare(const objects::Snapshot& now, Changes& to) {
  Notes notes(to, slices_by_service_);
  for_each_kind(seen_, now, [&notes](std::string_view, auto& seen, const auto& fresh) {
    follow_all(seen, fresh,
               [&notes](const auto& name, const auto& old, const auto& next) { notes(name, old, next); });
  });
}

void ChangeTracker::follow_feed(const objects::Snapshot& now, Changes& to) {
  Notes notes(to, slices_by_service_);
  std::map<std::string_view, std::set<std::string_view>> names;
  const auto& objects = now.feed.objects;
  for (auto i = fed_; i < objects.size(); ++i) names[objects[i].kind].insert(objects[i].name);
  for_each_kind(seen_, now, [&](std::string_view kind, auto& seen, const auto& fresh) {
    const auto found = names.find(kind);
    if (found == names.end()) return;
    for (const auto name : found->second)
      follow_one(seen, fresh, std::string(name),
                 [&notes](const auto& n, const auto& old, const auto& next) { notes(n, old, next); });
  });
}

objects::ObjectMap<objects::EndpointSlice> ChangeTracker::slices_of(const std::string& service) const {
  objects::ObjectMap<objects::EndpointSlice> slices;
  const auto found = slices_by_service_.find(service);
  if (found == slices_by_service_.end()) return slices;
  for (const auto& name : found->second) slices.emplace(name, seen_.endpoint_slices.at(name));
  return slices;
}

}  // namespace gatehouse::translate
