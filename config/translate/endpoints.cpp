// SPDX-License-Identifier: Apache-2.0
#include "config/translate/endpoints.h"

#include <algorithm>
#include <tuple>

#include "base/ip.h"
#include "base/text.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kClusterDomain = ".svc.cluster.local";
constexpr std::uint8_t kOtherZone = 1;
constexpr std::uint8_t kTerminating = 2;

using Labels = std::map<std::string, std::string>;

bool has_all(const Labels& labels, const Labels& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&labels](const auto& entry) {
    const auto found = labels.find(entry.first);
    return found != labels.end() && found->second == entry.second;
  });
}

const char* protocol_of(Transport transport) {
  return transport == Transport::datagram ? "UDP" : "TCP";
}

/// An IP address in its one form, so that the same address is not two endpoints; a DNS name as it is.
std::string host_of(const std::string& address) {
  const auto ip = IpAddress::parse(address);
  return ip ? ip->to_string() : lower_case(address);
}

/// One endpoint of a slice with the port it is asked on.
struct Candidate {
  const objects::SliceEndpoint* endpoint;
  std::uint16_t port;

  bool is_ready() const { return endpoint->ready.value_or(true) && !endpoint->terminating.value_or(false); }
  /// An absent `serving` follows `ready`.
  bool is_last_resort() const {
    return endpoint->terminating.value_or(false) &&
           endpoint->serving.value_or(endpoint->ready.value_or(true));
  }
};

using Candidates = std::vector<Candidate>;

/// A slice port without a number admits every port of its endpoints.
std::uint16_t port_of(const objects::SlicePort& slice, const objects::ServicePort& service) {
  const auto target = parse_decimal(service.target_port);
  const auto port = slice.port ? *slice.port : target ? static_cast<std::int32_t>(*target) : service.port;
  return static_cast<std::uint16_t>(port);
}

Candidates candidates_of(const SliceIndex::Slices& slices, const objects::ServicePort& port) {
  Candidates candidates;
  for (const auto* slice : slices)
    for (const auto& slice_port : slice->ports)
      if (slice_port.name == port.name && slice_port.protocol == port.protocol)
        for (const auto& endpoint : slice->endpoints)
          candidates.push_back({&endpoint, port_of(slice_port, port)});
  return candidates;
}

bool is_for(const objects::SliceEndpoint& endpoint, const std::string& zone) {
  return std::find(endpoint.for_zones.begin(), endpoint.for_zones.end(), zone) != endpoint.for_zones.end();
}

/// Zones are looked at only when every endpoint says for which it is, and one is for ours: a partial hint
/// would overload some.
bool are_zoned(const Candidates& candidates, const std::string& zone) {
  bool any = false;
  for (const auto& candidate : candidates) {
    if (!candidate.is_ready()) continue;
    if (candidate.endpoint->for_zones.empty()) return false;
    any = any || is_for(*candidate.endpoint, zone);
  }
  return any;
}

void append(const Candidate& candidate, std::uint8_t priority, std::vector<ir::Endpoint>& to) {
  for (const auto& address : candidate.endpoint->addresses)
    to.push_back({host_of(address), candidate.port, priority});
}

std::vector<ir::Endpoint> usable(const Candidates& candidates, const std::string& zone) {
  std::vector<ir::Endpoint> endpoints;
  const bool zoned = are_zoned(candidates, zone);
  for (const auto& candidate : candidates) {
    if (!candidate.is_ready()) continue;
    const bool is_foreign = zoned && !is_for(*candidate.endpoint, zone);
    append(candidate, is_foreign ? kOtherZone : 0, endpoints);
  }
  if (!endpoints.empty()) return endpoints;
  for (const auto& candidate : candidates)
    if (candidate.is_last_resort()) append(candidate, kTerminating, endpoints);
  return endpoints;
}

/// DNS gives a headless Service's pods themselves, so the port is theirs where it is known.
std::uint16_t pod_port(const objects::ServicePort& port) {
  const auto target = parse_decimal(port.target_port);
  return static_cast<std::uint16_t>(target ? static_cast<std::int32_t>(*target) : port.port);
}

/// In a cluster every Service with pods has slices. What else could be asked, a ClusterIP above all, might be
/// another tenant's.
std::vector<ir::Endpoint> without_slices(const objects::Service& service, const objects::ServicePort& port,
                                         const Options& options) {
  if (options.in_cluster && service.type != "ExternalName") return {};
  const auto annotation = service.meta.annotations.find(objects::kEndpointsAnnotation);
  if (annotation != service.meta.annotations.end() && !options.in_cluster)
    return parse_endpoints(annotation->second).value_or(std::vector<ir::Endpoint>{});

  const auto number = static_cast<std::uint16_t>(port.port);
  if (service.type == "ExternalName") return {{lower_case(service.external_name), number}};
  if (service.is_headless())
    return {{service.meta.name + "." + service.meta.ns + kClusterDomain, pod_port(port)}};

  std::vector<ir::Endpoint> endpoints;
  for (const auto& address : service.cluster_ips)
    if (IpAddress::parse(address)) endpoints.push_back({host_of(address), number});
  return endpoints;
}

EndpointList of_service(const BackendTarget& target, const SliceIndex& index, const std::string& zone,
                        const Options& options) {
  const auto& service = *target.service;
  const auto* port = find_port(service, target.port, target.transport);
  if (!port) return {};
  const auto& slices = index.of_service(service.meta.full_name());
  if (slices.empty()) return {without_slices(service, *port, options), false};
  return {usable(candidates_of(slices, *port), zone), true};
}

EndpointList of_x_backend(const BackendTarget& target, const SliceIndex& index, const std::string& zone) {
  const auto& backend = *target.x_backend;
  const auto port = static_cast<std::uint16_t>(target.port);
  if (backend.type == "ExternalHostname") return {{{lower_case(backend.hostname), port}}, false};
  const auto slices = index.of_labels(backend.meta.ns, backend.match_labels);
  Candidates candidates;
  for (const auto* slice : slices)
    for (const auto& endpoint : slice->endpoints) candidates.push_back({&endpoint, port});
  return {usable(candidates, zone), !slices.empty()};
}

}  // namespace

const objects::ServicePort* find_port(const objects::Service& service, std::int32_t number,
                                      Transport transport) {
  const std::string_view protocol = protocol_of(transport);
  const auto usable = [&](const auto& port) { return port.port == number && port.protocol == protocol; };
  const auto found = std::find_if(service.ports.begin(), service.ports.end(), usable);
  return found == service.ports.end() ? nullptr : &*found;
}

std::optional<std::vector<ir::Endpoint>> parse_endpoints(std::string_view text) {
  std::vector<ir::Endpoint> endpoints;
  CommaList entries(text);
  while (const auto entry = entries.next()) {
    const auto address = SocketAddress::parse(*entry);
    if (!address || address->port == 0) return std::nullopt;
    endpoints.push_back({address->ip.to_string(), address->port});
  }
  return endpoints;
}

SliceIndex::SliceIndex(const objects::Snapshot& snapshot) : snapshot_(snapshot) {
  for (const auto& [name, slice] : snapshot.endpoint_slices) {
    const auto label = slice->meta.labels.find(kServiceNameLabel);
    if (label != slice->meta.labels.end())
      by_service_[slice->meta.ns + "/" + label->second].push_back(slice.get());
  }
}

const SliceIndex::Slices& SliceIndex::of_service(std::string_view service) const {
  static const Slices kNone;
  const auto found = by_service_.find(service);
  return found == by_service_.end() ? kNone : found->second;
}

SliceIndex::Slices SliceIndex::of_labels(const std::string& ns, const Labels& labels) const {
  const auto belongs = [&](const objects::EndpointSlice& slice) {
    if (has_all(slice.meta.labels, labels)) return true;
    const auto owner = slice.meta.labels.find(kServiceNameLabel);
    if (owner == slice.meta.labels.end()) return false;
    const auto service = snapshot_.services.find(ns + "/" + owner->second);
    return service != snapshot_.services.end() && has_all(service->second->selector, labels);
  };
  Slices slices;
  const auto begin = ns + "/";
  for (auto at = snapshot_.endpoint_slices.lower_bound(begin);
       at != snapshot_.endpoint_slices.end() && at->first.starts_with(begin); ++at)
    if (belongs(*at->second)) slices.push_back(at->second.get());
  return slices;
}

bool leads_inside(const SocketAddress& address, const Options& options) {
  const auto& ip = address.ip;
  const auto& own = options.own_addresses;
  return ip.is_any() || ip.is_loopback() || ip.is_link_local() ||
         std::find(own.begin(), own.end(), address) != own.end();
}

EndpointList endpoints_of(const BackendTarget& target, const SliceIndex& slices, const std::string& zone,
                          const Options& options) {
  auto list = target.service ? of_service(target, slices, zone, options) : of_x_backend(target, slices, zone);
  auto& endpoints = list.endpoints;
  if (options.in_cluster)
    std::erase_if(endpoints, [&options](const auto& endpoint) {
      const auto ip = IpAddress::parse(endpoint.host);
      return ip && leads_inside({*ip, endpoint.port}, options);
    });
  const auto order = [](const auto& endpoint) {
    return std::tie(endpoint.host, endpoint.port, endpoint.priority);
  };
  std::sort(endpoints.begin(), endpoints.end(),
            [&order](const auto& a, const auto& b) { return order(a) < order(b); });
  const auto same_place = [](const auto& a, const auto& b) { return a.host == b.host && a.port == b.port; };
  endpoints.erase(std::unique(endpoints.begin(), endpoints.end(), same_place), endpoints.end());
  return list;
}

}  // namespace gatehouse::translate
